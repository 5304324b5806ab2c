"""Errors of orders. `description` is published to customers of the API."""

from chalice import (
    BadRequestError,
    ChaliceViewError,
    ConflictError,
    NotFoundError,
    TooManyRequestsError,
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


class AddressNotFound(NotFoundError):
    """The customer's address book has no such address (any more)."""

    description = "The customer's address book has no address of this `addressId`."


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


class CartOrderOpen(ConflictError):
    """Another checkout of the same cart is unpaid. It is superseded first."""

    description = "Another checkout of this cart has just started."


class TooManyUnpaidOrders(ConflictError):
    """The customer has MAX_UNPAID_ORDERS unpaid orders."""

    description = "Too many orders are unpaid: pay or cancel one of them first."


class TooManyUnpaidUnits(ConflictError):
    """The customer's unpaid orders hold MAX_UNPAID_UNITS of a product."""

    description = "Too many of a product would be kept without a payment method. Send one."


class TooManyExpiredOrders(TooManyRequestsError):
    """The customer let orders expire. `retry_after` becomes the header Retry-After."""

    description = "Several orders expired unpaid. `Retry-After` says when to order again."

    def __init__(self, seconds: int) -> None:
        super().__init__(f"several orders expired unpaid; order again in {seconds} seconds")
        self.retry_after = seconds


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


class OrderAlreadyShipped(ConflictError):
    """An order of which something was shipped is not cancelled."""

    description = "Something of the order was shipped already: return it instead."


class OrderAlreadyEnded(ConflictError):
    """An order that failed, expired or was refunded is not cancelled."""

    description = "The order has failed, expired, or was refunded."


class OrderNotRefundable(ConflictError):
    """An unpaid order is not refunded."""

    description = "The order is not paid."


class NothingToRefund(ConflictError):
    """No money of the order is left to refund."""

    description = "Refunds of all that was paid for the order were requested already."


class OrderDisputed(ConflictError):
    """The customer's bank disputes the charge and has not decided yet."""

    description = "The charge is disputed: nothing is refunded until the customer's bank decides."


class RefundTooLarge(ConflictError):
    """More goods or money were requested than are left to refund."""

    description = "More was requested than is left to refund. The message says how much is left."


class TooManyRefunds(ConflictError):
    """The order has MAX_REFUNDS refunds."""

    description = "The order has 50 refunds and cannot have more."


class RefundNotFound(Exception):
    """The order has no refund of this id. A retry does not help."""


class OrderContended(ChaliceViewError):
    """Concurrent writes failed every attempt of an optimistic lock."""

    STATUS_CODE = 503
    description = "Too many changes of this order at the same time. Nothing was changed; try again."
