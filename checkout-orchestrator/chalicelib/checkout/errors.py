"""What can go wrong with a checkout. Those of order-service's validate-order are answered under the same names."""

from chalice import (
    BadRequestError,
    ChaliceViewError,
    ConflictError,
    NotFoundError,
    UnprocessableEntityError,
)


class CartEmpty(ConflictError):
    """There is nothing in the cart to buy."""


class OrderNotFound(NotFoundError):
    """There is no such order, or it is somebody else's."""


class OrderNotPayable(ConflictError):
    """The order has ended, or its payment was undone: nothing can be paid any more."""


class OrderCancelled(ConflictError):
    """The customer cancelled the order."""


class PriceChanged(ConflictError):
    """The total is not the one that the customer expected."""


class OutOfStock(ConflictError):
    """Not enough is left of a product."""


class ProductNotFound(NotFoundError):
    """A product does not exist, or is no longer sold."""


class TooManyLines(BadRequestError):
    """An order holds at most 99 different products."""


class QuantityTooLarge(BadRequestError):
    """An order holds at most 99 of a product."""


class MixedCurrencies(BadRequestError):
    """An order is paid at once, so all its goods have one currency."""


class TotalTooLarge(BadRequestError):
    """More than the payment gateway charges at once."""


class InvalidAmount(BadRequestError):
    """A total that the shop cannot take."""


class IdempotencyKeyReused(UnprocessableEntityError):
    """The same Idempotency-Key came with another body before."""


class OrderServiceUnavailable(ChaliceViewError):
    """The order could not be checked or stored, or perhaps was; sending the same request again is safe."""

    STATUS_CODE = 503


REFUSALS: dict[str, type[ChaliceViewError]] = {
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
