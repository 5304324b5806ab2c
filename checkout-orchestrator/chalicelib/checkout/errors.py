"""What can go wrong with a checkout.

What order-service's validate-order raises is answered under the same names.
"""

from chalice import (
    BadRequestError,
    ChaliceViewError,
    ConflictError,
    NotFoundError,
    UnprocessableEntityError,
)


class CartEmpty(ConflictError):
    """The cart is empty."""


class OrderNotFound(NotFoundError):
    """There is no such order, or it is another customer's."""


class OrderNotPayable(ConflictError):
    """The order has ended, or its payment was voided: it cannot be paid any more."""


class OrderCancelled(ConflictError):
    """The customer cancelled the order."""


class PriceChanged(ConflictError):
    """The total is not the one that the customer expected."""


class OutOfStock(ConflictError):
    """There is not enough stock of a product."""


class ProductNotFound(NotFoundError):
    """A product does not exist, or is no longer sold."""


class TooManyLines(BadRequestError):
    """An order holds at most 99 different products."""


class QuantityTooLarge(BadRequestError):
    """An order holds at most 99 of a product."""


class MixedCurrencies(BadRequestError):
    """An order is paid at once, so all its products have one currency."""


class TotalTooLarge(BadRequestError):
    """The total is more than the payment gateway charges at once."""


class InvalidAmount(BadRequestError):
    """The shop cannot charge this total."""


class IdempotencyKeyReused(UnprocessableEntityError):
    """This Idempotency-Key was used with another body before."""


class OrderServiceUnavailable(ChaliceViewError):
    """The order could not be checked or stored, or perhaps was. Retryable: POST /checkout is idempotent."""

    STATUS_CODE = 503


ORDER_SERVICE_ERRORS: dict[str, type[ChaliceViewError]] = {
    error.__name__: error
    for error in (
        IdempotencyKeyReused,
        InvalidAmount,
        MixedCurrencies,
        OrderCancelled,
        OrderNotPayable,
        OutOfStock,
        PriceChanged,
        ProductNotFound,
        QuantityTooLarge,
        TooManyLines,
        TotalTooLarge,
    )
}
