"""Errors of the address book. `description` is published to the API's customers."""

from chalice import ChaliceViewError, ConflictError, NotFoundError, UnprocessableEntityError

MAX_ADDRESSES = 50


class AddressNotFound(NotFoundError):
    """The customer has no address with this id."""

    description = "You have no address with this id."


class TooManyAddresses(ConflictError):
    """The address book is full."""

    description = f"An address book has at most {MAX_ADDRESSES} addresses."


class AddressKeyReused(UnprocessableEntityError):
    """The key was used before, with another address."""

    description = "The `Idempotency-Key` was used before, with another body."


class AddressBookContended(ChaliceViewError):
    """Too many changes of one address book at once. Nothing was written."""

    STATUS_CODE = 503
    description = "Too many changes of your addresses at once. Try again in a moment."
