"""What can go wrong with orders."""

from chalice import (
    BadRequestError,
    ChaliceViewError,
    ConflictError,
    NotFoundError,
    UnprocessableEntityError,
)


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
    """The key was used before, for something else."""


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


class OrderNotRefundable(ConflictError):
    """The order is not paid: nothing is owed."""


class RefundPeriodOver(ConflictError):
    """A customer may give goods back for some days only; an admin may always."""


class NothingToRefund(ConflictError):
    """All of the order was asked back already, product by product."""


class RefundTooLarge(ConflictError):
    """More of a product than the order has and no refund has taken yet."""


class TooManyRefunds(ConflictError):
    """An order's refunds are kept in its row, so that it can have so many at most."""


class RefundNotFound(Exception):
    """Money was given back for a refund that the order does not have; repeating it does not help."""


class OrderContended(ChaliceViewError):
    """Others kept writing the same order at the same time; nothing was changed, trying again is right."""

    STATUS_CODE = 503
