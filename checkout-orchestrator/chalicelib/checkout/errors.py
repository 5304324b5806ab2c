"""What can go wrong with a checkout.

What order-service's validate-order raises is answered under the same names.
"""

import re

from chalice import (
    BadRequestError,
    ChaliceViewError,
    ConflictError,
    NotFoundError,
    TooManyRequestsError,
    UnauthorizedError,
    UnprocessableEntityError,
)

from chalicelib.payments.errors import CurrencyNotAccepted, TotalTooSmall
from common.money import InvalidAmount


class AccountGone(UnauthorizedError):
    """The caller's account was deleted: the access token has not expired yet."""

    description = "Your account was deleted."


class AddressNotFound(NotFoundError):
    """The customer's address book has no such address (any more)."""

    description = "Your address book has no address of this `addressId`."


class CartEmpty(ConflictError):
    """The cart is empty."""

    description = "The cart is empty."


class OrderNotFound(NotFoundError):
    """There is no such order, or it is another customer's."""

    description = "You have no such order."


class OrderNotPayable(ConflictError):
    """The order has ended, or its payment was voided: it cannot be paid any more."""

    description = "The order has ended, or its payment was voided: it cannot be paid any more."


class OrderExpired(OrderNotPayable):
    """The order was not paid before its offer ended."""

    description = "The order was not paid in time."


class OrderCancelled(ConflictError):
    """The customer cancelled the order."""

    description = "The order was cancelled."


class CartOrderOpen(ConflictError):
    """Another checkout of the same cart was placed at the same moment."""

    description = "Another checkout of this cart has just started."


class TooManyUnpaidOrders(ConflictError):
    """The customer has too many unpaid orders."""

    description = "Too many orders are unpaid: pay or cancel one of them first."


class TooManyUnpaidUnits(ConflictError):
    """The customer's unpaid orders hold too many of a product."""

    description = "Too many of a product would be kept without a payment method. Send one."


class TooManyExpiredOrders(TooManyRequestsError):
    """The customer let orders expire. `retry_after` becomes the header Retry-After."""

    description = "Several orders expired unpaid. `Retry-After` says when to order again."

    def __init__(self, message: str) -> None:
        super().__init__(message)
        seconds = re.search(r"in (\d+) seconds", message)
        self.retry_after = int(seconds[1]) if seconds else 60


class OrderContended(ChaliceViewError):
    """The customer placed too many orders at the same moment. Retryable."""

    STATUS_CODE = 503
    description = "Too many orders at the same moment. Nothing was stored; try again."


class PriceChanged(ConflictError):
    """The total is not the one that the customer expected, or was shown."""

    description = (
        "The total is not `expectedTotal`, or without it is more than the cart showed last;"
        " the message says what it is."
    )


class OutOfStock(ConflictError):
    """There is not enough stock of a product."""

    description = "There is not enough stock of a product."


class ProductNotFound(NotFoundError):
    """A product does not exist, or is no longer sold."""

    description = "A product does not exist, or is no longer on sale."


class TooManyLines(BadRequestError):
    """An order holds at most 99 different products."""

    description = "An order holds at most 99 different products."


class QuantityTooLarge(BadRequestError):
    """An order holds at most 99 of a product."""

    description = "An order holds at most 99 of a product."


class MixedCurrencies(BadRequestError):
    """An order is paid at once, so all its products have one currency."""

    description = "All products of an order must have the same currency."


class TotalTooLarge(BadRequestError):
    """The total is more than the payment gateway charges at once."""

    description = "The total is more than can be charged at once."


class ShippingAddressRequired(BadRequestError):
    """The stage takes orders with an address only."""

    description = "`shippingAddress` is missing, and goods are shipped."


class ShippingMethodNotAvailable(ConflictError):
    """The method, or none, serves this address and these goods."""

    description = "The shipping method, or every one, does not serve the address or the goods."


class CouponNotFound(NotFoundError):
    """There is no coupon of this code."""

    description = "There is no coupon of this code. The message names it."


class CouponOver(ConflictError):
    """The coupon is not valid now, or all its uses are taken."""

    description = "The coupon is not valid now, or all its uses are taken. The message names it."


class CouponNotApplicable(ConflictError):
    """The order does not meet a condition of the coupon."""

    description = "The order does not meet a condition of the coupon. The message names both."


class IdempotencyKeyReused(UnprocessableEntityError):
    """This Idempotency-Key was used with another body before."""

    description = "This `Idempotency-Key` was used with another body before."


class OrderServiceUnavailable(ChaliceViewError):
    """The order was perhaps not checked or stored. Retryable."""

    STATUS_CODE = 503
    description = "The order could not be checked or stored. Send the same request again."


ORDER_SERVICE_ERRORS: dict[str, type[ChaliceViewError]] = {
    error.__name__: error
    for error in (
        AccountGone,
        CartOrderOpen,
        CouponNotApplicable,
        CouponNotFound,
        CouponOver,
        CurrencyNotAccepted,
        IdempotencyKeyReused,
        InvalidAmount,
        MixedCurrencies,
        OrderCancelled,
        OrderContended,
        OrderExpired,
        OrderNotPayable,
        OutOfStock,
        PriceChanged,
        ProductNotFound,
        QuantityTooLarge,
        ShippingAddressRequired,
        ShippingMethodNotAvailable,
        TooManyExpiredOrders,
        TooManyLines,
        TooManyUnpaidOrders,
        TooManyUnpaidUnits,
        TotalTooLarge,
        TotalTooSmall,
    )
}
