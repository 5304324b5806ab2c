"""Errors of accounts. `description` is published to the API's customers."""

from chalice import ChaliceViewError, UnauthorizedError, UnprocessableEntityError


class AddressContended(ChaliceViewError):
    """Too many registrations with this address at once. Nothing was written."""

    STATUS_CODE = 503
    description = "Too many registrations with this address at once. Try again in a moment."

    def __init__(self) -> None:
        super().__init__("too much at once; try again in a moment")


class AccountContended(ChaliceViewError):
    """Too many changes of this account at once. Nothing was written."""

    STATUS_CODE = 503
    description = "Too many changes of this account at once. Try again in a moment."

    def __init__(self) -> None:
        super().__init__("too much at once; try again in a moment")


class IdempotencyKeyReused(UnprocessableEntityError):
    """The key was used for another body, or by an account that was deleted."""

    description = "The `Idempotency-Key` was used before, with another body."


class InvalidCredentials(UnauthorizedError):
    """The password is not the account's, or there is no account that may log in."""

    description = "The address and the password do not match."
