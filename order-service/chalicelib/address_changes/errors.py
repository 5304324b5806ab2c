"""Errors of changed addresses. `description` is published to customers of the API."""

from chalice import ConflictError


class AddressChangesPrice(ConflictError):
    """Shipping or tax would cost something else at the new address."""

    description = (
        "Shipping or tax would not be the same at this address, or the order was placed without"
        " one: cancel the order, and order again."
    )


class TooManyAddressChanges(ConflictError):
    """The address of the order was changed MAX_CHANGES times."""

    description = "The address of the order was changed 20 times and stays as it is."
