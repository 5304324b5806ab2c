"""What can go wrong with orders."""

from chalice import (
    BadRequestError,
    ChaliceViewError,
    ConflictError,
    NotFoundError,
    UnprocessableEntityError,
)


class TooManyLines(BadRequestError):
    """An order holds at most 99 different products."""


class QuantityTooLarge(BadRequestError):
    """An order holds at most 99 of one product, all its lines added up."""


class MixedCurrencies(BadRequestError):
    """All products of an order must have the same currency."""


class TotalTooLarge(BadRequestError):
    """The total is more than the payment gateway charges at once."""


class ProductNotFound(NotFoundError):
    """A product does not exist or is not for sale."""


class OutOfStock(ConflictError):
    """Fewer of a product are left than were ordered."""


class PriceChanged(ConflictError):
    """The total differs from `expectedTotal`."""


class IdempotencyKeyReused(UnprocessableEntityError):
    """The Idempotency-Key was used before with another body."""


class OrderNotFound(NotFoundError):
    """There is no such order, or it belongs to another customer."""


class OrderCancelled(ConflictError):
    """The customer has cancelled the order."""


class OrderNotPayable(ConflictError):
    """The order has failed or expired, or is paid already."""


class OrderAlreadyConfirmed(ConflictError):
    """The order is paid. Request a refund instead."""


class OrderAlreadyEnded(ConflictError):
    """The order has failed or expired, so that there is nothing to cancel."""


class OrderNotRefundable(ConflictError):
    """The order is not paid."""


class RefundPeriodOver(ConflictError):
    """The refund period of the order is over. Only an admin can still refund it."""


class NothingToRefund(ConflictError):
    """Refunds of the whole order were requested already, product by product."""


class RefundTooLarge(ConflictError):
    """More of a product was requested than is left to refund."""


class TooManyRefunds(ConflictError):
    """The order has as many refunds as an order can have."""


class RefundNotFound(Exception):
    """The order has no refund of this id. A retry does not help."""


class OrderContended(ChaliceViewError):
    """Concurrent requests kept changing the order. Nothing was changed: try again."""

    STATUS_CODE = 503
