"""Errors of orders. `description` is published to customers of the API."""

from chalice import (
    BadRequestError,
    ChaliceViewError,
    ConflictError,
    NotFoundError,
    UnauthorizedError,
)

from chalicelib.configuration.errors import IdempotencyKeyReused as IdempotencyKeyReused


class TooManyLines(BadRequestError):
    """An order would hold more than MAX_LINES products."""

    description = "An order holds at most 99 different products."


class QuantityTooLarge(BadRequestError):
    """An order would hold more than MAX_QTY of a product."""

    description = "An order holds at most 99 of one product, all its lines added up."


class MixedCurrencies(BadRequestError):
    """The products have prices in different currencies."""

    description = "All products of an order must have the same currency."


class TotalTooLarge(BadRequestError):
    """The total exceeds money.MAX_AMOUNT."""

    description = "The total is more than the payment gateway charges at once."


class TotalTooSmall(BadRequestError):
    """The total is below what the payment gateway charges."""

    description = "The total is less than the payment gateway charges. The message says how much."


class CurrencyNotAccepted(BadRequestError):
    """The payment method does not take the currency of the prices."""

    description = "The `method` does not take the currency of the prices: UPI takes INR only."


class ShippingAddressRequired(BadRequestError):
    """The stage takes orders with an address only."""

    description = "`shippingAddress` is missing, and goods are shipped."


class ProductNotFound(NotFoundError):
    """A product does not exist or is archived."""

    description = "A product does not exist or is not for sale."


class OutOfStock(ConflictError):
    """Fewer of a product are available than were ordered."""

    description = "Fewer of a product are left than were ordered. The message names the products."


class PriceChanged(ConflictError):
    """The total is not the expected one."""

    description = (
        "The total differs from `expectedTotal`, or without it is more than the cart showed last."
        " The message names the present total."
    )


class AccountGone(UnauthorizedError):
    """The caller's account was deleted: the access token has not expired yet."""

    description = "Your account was deleted."


class OrderNotFound(NotFoundError):
    """There is no such order, or the caller may not see it."""

    description = "There is no such order, or it belongs to another customer."


class OrderCancelled(ConflictError):
    """The customer has cancelled the order."""


class OrderNotPayable(ConflictError):
    """The order has failed or expired, or is paid already."""


class OrderExpired(OrderNotPayable):
    """The order was not paid before its offer ended."""


class OrderAlreadyConfirmed(ConflictError):
    """A paid order is refunded, not cancelled."""

    description = "The order is paid. Request a refund instead."


class OrderAlreadyEnded(ConflictError):
    """An order that failed or expired is not cancelled."""

    description = "The order has failed or expired."


class OrderNotRefundable(ConflictError):
    """An unpaid order is not refunded."""

    description = "The order is not paid."


class RefundPeriodOver(ConflictError):
    """The order is older than REFUND_DAYS."""

    description = "The refund period of the order is over. Only an admin can refund it."


class NothingToRefund(ConflictError):
    """The whole order was refunded product by product."""

    description = "Refunds of all products of the order were requested already."


class RefundTooLarge(ConflictError):
    """More of a product was requested than is left to refund."""

    description = (
        "More of a product was requested than is left to refund. The message names the products."
    )


class TooManyRefunds(ConflictError):
    """The order has MAX_REFUNDS refunds."""

    description = "The order has 50 refunds and cannot have more."


class RefundNotFound(Exception):
    """The order has no refund of this id. A retry does not help."""


class OrderContended(ChaliceViewError):
    """Concurrent writes failed every attempt of an optimistic lock."""

    STATUS_CODE = 503
    description = "Too many changes of this order at the same time. Nothing was changed; try again."
