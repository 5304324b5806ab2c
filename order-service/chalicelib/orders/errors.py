"""What can go wrong with orders."""

from chalice import BadRequestError, ConflictError, NotFoundError, UnprocessableEntityError


class TooManyLines(BadRequestError):
    """One transaction reserves an order's goods, and it holds so many different products at most."""


class QuantityTooLarge(BadRequestError):
    """More of one product than an order may hold, all its lines added up."""


class MixedCurrencies(BadRequestError):
    """An order is paid at once, so all its goods have one currency."""


class TotalTooLarge(BadRequestError):
    """More than the payment gateway charges at once."""


class ProductNotFound(NotFoundError):
    """A product that does not exist, or is not sold any more."""


class OutOfStock(ConflictError):
    """Fewer are left than are wanted."""


class PriceChanged(ConflictError):
    """The total is not the one that the customer agreed to."""


class IdempotencyKeyReused(UnprocessableEntityError):
    """The key was used before, for an order of something else."""


class OrderNotFound(NotFoundError):
    """No such order, or none that the caller may see."""


class OrderCancelled(ConflictError):
    """The customer has cancelled the order."""


class OrderNotPayable(ConflictError):
    """The order has failed or expired, or is paid already."""


class OrderAlreadyConfirmed(ConflictError):
    """A confirmed order is returned, not cancelled."""


class OrderAlreadyEnded(ConflictError):
    """The order has failed or expired: nothing is left to cancel."""
