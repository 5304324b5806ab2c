"""What can go wrong with accounts."""

from chalice import (
    BadRequestError,
    ChaliceViewError,
    NotFoundError,
    UnauthorizedError,
    UnprocessableEntityError,
)


class PasswordTooShort(BadRequestError):
    """The stage's setting PASSWORD_MIN_LENGTH asks for a longer password."""


class PasswordTooLong(BadRequestError):
    """Bcrypt reads 72 bytes; of a longer password it would ignore the end."""


class AddressContended(ChaliceViewError):
    """Too many register with one address at the same moment; nothing was written, trying again is right."""

    STATUS_CODE = 503


class AccountContended(ChaliceViewError):
    """The account is changed by several at the same moment; nothing was written, trying again is right."""

    STATUS_CODE = 503


class IdempotencyKeyReused(UnprocessableEntityError):
    """The key was used before, for a registration that said something else."""


class InvalidCredentials(UnauthorizedError):
    """Address and password do not belong together; which of them is wrong stays unsaid."""


class UserNotFound(NotFoundError):
    """Nobody has this id or address."""
