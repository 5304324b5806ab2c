"""What can be wrong with an order: money, stock, parcels, mails, events."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The name of a discrepancy. The README says what each means and what to do."""

    PAID_BUT_NOT_CONFIRMED = "PaidButNotConfirmed"
    CONFIRMED_BUT_NOT_PAID = "ConfirmedButNotPaid"
    CHARGED_TWICE = "ChargedTwice"
    WRONG_AMOUNT = "WrongAmount"
    WRONG_CURRENCY = "WrongCurrency"
    PRICE_DOES_NOT_ADD_UP = "PriceDoesNotAddUp"
    CHARGE_WITHOUT_ORDER = "ChargeWithoutOrder"
    REFUND_MISSING = "RefundMissing"
    REFUNDED_TOO_MUCH = "RefundedTooMuch"
    REFUND_OVERDUE = "RefundOverdue"
    PAYMENT_STUCK = "PaymentStuck"
    PAYMENT_CONTRADICTS = "PaymentContradicts"
    DISPUTE_CONTRADICTS = "DisputeContradicts"

    STOCK_STILL_RESERVED = "StockStillReserved"
    STOCK_NOT_DEDUCTED = "StockNotDeducted"
    STOCK_DEDUCTED_FOR_NOTHING = "StockDeductedForNothing"
    STOCK_NOT_RETURNED = "StockNotReturned"
    WRONG_GOODS = "WrongGoods"
    RESERVATION_OVERDUE = "ReservationOverdue"

    NEGATIVE_STOCK = "NegativeStock"
    STOCK_DOES_NOT_ADD_UP = "StockDoesNotAddUp"
    MOVEMENTS_DO_NOT_ADD_UP = "MovementsDoNotAddUp"
    RESERVED_DOES_NOT_ADD_UP = "ReservedDoesNotAddUp"
    SOLD_DOES_NOT_ADD_UP = "SoldDoesNotAddUp"

    SHIPPED_TOO_MUCH = "ShippedTooMuch"
    SHIPPED_FOR_NOTHING = "ShippedForNothing"
    RETURNED_TOO_MUCH = "ReturnedTooMuch"
    RETURN_NOT_REFUNDED = "ReturnNotRefunded"

    ORDER_STUCK = "OrderStuck"
    NOT_NOTIFIED = "NotNotified"
    NOTIFIED_TWICE = "NotifiedTwice"
    ORDER_DONE_NOT_HEARD = "OrderDoneNotHeard"
    ORDER_DONE_FOR_NOTHING = "OrderDoneForNothing"

    NOT_CHECKED = "NotChecked"


class Repair(StrEnum):
    """An idempotent operation of the shop that resolves a discrepancy."""

    REFUND = "refund"  # all of an order that is not confirmed
    REFUND_AGAIN = "refund again"  # the requested refunds of a confirmed order
    BOOK_REFUNDS = "book refunds"  # that were made at the gateway's dashboard
    RELEASE = "release"
    COMMIT = "commit"
    EXPIRE = "expire"  # an unpaid order
    PUBLISH = "publish"  # order.done
    NOTIFY = "notify"


@dataclass(frozen=True)
class Discrepancy:
    """One thing that is wrong. Without a repair, staff must resolve it.

    It concerns an order, a product, or intents (`gateway id`) that belong to no order.
    """

    kind: Kind
    detail: str
    repair: Repair | None = None
    order_id: str | None = None
    product_id: str | None = None
    intents: tuple[str, ...] = ()
