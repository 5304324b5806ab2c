"""Errors of accounts."""

from chalice import ChaliceViewError, UnauthorizedError, UnprocessableEntityError


class AddressContended(ChaliceViewError):
    """Too many registrations with this address at once; nothing was written, try again."""

    STATUS_CODE = 503

    def __init__(self) -> None:
        super().__init__("too much at once; try again in a moment")


class AccountContended(ChaliceViewError):
    """Too many changes of this account at once; nothing was written, try again."""

    STATUS_CODE = 503

    def __init__(self) -> None:
        super().__init__("too much at once; try again in a moment")


class IdempotencyKeyReused(UnprocessableEntityError):
    """The key was used before, for a registration with another body."""


class InvalidCredentials(UnauthorizedError):
    """The address and the password do not match."""
