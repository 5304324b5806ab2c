"""What can go wrong with shipping methods."""

from chalice import ConflictError, NotFoundError


class ShippingMethodNotFound(NotFoundError):
    """There is no such shipping method."""

    description = "There is no such shipping method."


class TooManyShippingMethods(ConflictError):
    """The shop has MAX_METHODS shipping methods."""

    description = "The shop has 50 shipping methods, and cannot have more."


class ShippingMethodNotAvailable(ConflictError):
    """The method, or each of the shop's, does not serve this address and these goods."""

    description = (
        "The shipping method does not serve the address or the goods, or without a"
        " `shippingMethodId` none does. `POST /order/quote` lists those that do."
    )
