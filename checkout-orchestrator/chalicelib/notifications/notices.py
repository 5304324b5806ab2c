"""What customers are notified of: subject and message of each kind, stated once.

The saga and the repairs of the reconciliation name the kind; the text is made from this table.
"""

from enum import StrEnum
from typing import NamedTuple

from common import ids, settings


class NoticeKind(StrEnum):
    """What a notification is about.

    An order can have several of REFUND, ORDER_SHIPPED, ORDER_DELIVERED, ADDRESS_CHANGED, and of
    returns.
    """

    ORDER_CONFIRMED = "ORDER_CONFIRMED"
    ORDER_FAILED = "ORDER_FAILED"
    ORDER_CANCELLED = "ORDER_CANCELLED"
    RECEIPT = "RECEIPT"
    REFUND = "REFUND"
    PURCHASE_CANCELLED = "PURCHASE_CANCELLED"
    ORDER_SHIPPED = "ORDER_SHIPPED"
    ORDER_DELIVERED = "ORDER_DELIVERED"
    ADDRESS_CHANGED = "ADDRESS_CHANGED"
    RETURN_REQUESTED = "RETURN_REQUESTED"
    RETURN_APPROVED = "RETURN_APPROVED"
    RETURN_REJECTED = "RETURN_REJECTED"
    RETURN_RECEIVED = "RETURN_RECEIVED"
    PICKING_WITHDRAWN = "PICKING_WITHDRAWN"
    DISPUTE_OPEN = "DISPUTE_OPEN"
    DISPUTE_WON = "DISPUTE_WON"
    DISPUTE_LOST = "DISPUTE_LOST"
    STOCK_LOW = "STOCK_LOW"


class Notice(NamedTuple):
    """The text to a customer."""

    subject: str
    message: str


END_KINDS = frozenset(
    {NoticeKind.ORDER_CONFIRMED, NoticeKind.ORDER_FAILED, NoticeKind.ORDER_CANCELLED}
)

_NOTICES = {
    NoticeKind.ORDER_CONFIRMED: Notice("Order confirmed", "Your order #{number} is confirmed"),
    NoticeKind.ORDER_CANCELLED: Notice(
        "Order cancelled", "Your order #{number} is cancelled. Nothing stays charged."
    ),
    NoticeKind.ORDER_FAILED: Notice(
        "Order not completed",
        "Your order #{number} could not be completed{reason} Nothing stays charged.",
    ),
    NoticeKind.RECEIPT: Notice(
        "Your receipt for order #{number}",
        "Your receipt for order #{number}, {day}\n\nPayment: {payment_id}\nYour order: {link}",
    ),
    NoticeKind.REFUND: Notice(
        "Your refund",
        "{amount} of your order #{number} are on their way back to you (refund {refund}).",
    ),
    NoticeKind.PURCHASE_CANCELLED: Notice(
        "Your order is cancelled",
        "Your order #{number} is cancelled.\n\n"
        "{amount} are on their way back to you (refund {refund}).",
    ),
    NoticeKind.ORDER_SHIPPED: Notice(
        "Your order {number} is on its way",
        "A parcel with goods of your order {number} is on its way:\n\n{lines}\n\n{tracking}\n\n"
        "Your order: {link}\n(shipment {shipment})",
    ),
    NoticeKind.ORDER_DELIVERED: Notice(
        "Your order {number} was delivered",
        "A parcel with goods of your order {number} was delivered:\n\n{lines}\n\n"
        "Your order: {link}\n(shipment {shipment})",
    ),
    NoticeKind.ADDRESS_CHANGED: Notice(
        "Your order {number} goes to another address",
        "The shipping address of your order {number} was changed at {at}. If you did not ask for"
        " that, cancel the order and change your password.\n\nYour order: {link}",
    ),
    NoticeKind.RETURN_REQUESTED: Notice(
        "Your return of order {number}",
        "You asked to return goods of your order {number}:\n\n{lines}\n\n"
        "Please keep them until another mail says where they go.\n\n"
        "Your order: {link}\n(return {return_id})",
    ),
    NoticeKind.RETURN_APPROVED: Notice(
        "Please send back goods of order {number}",
        "Your return is approved. Please send back these goods of your order {number}:\n\n"
        "{lines}\n\n{note}Your order: {link}\n(return {return_id})",
    ),
    NoticeKind.RETURN_REJECTED: Notice(
        "Your return of order {number} is not accepted",
        "We cannot take back these goods of your order {number}:\n\n"
        "{lines}\n\n{note}Your order: {link}\n(return {return_id})",
    ),
    NoticeKind.RETURN_RECEIVED: Notice(
        "We received goods of order {number} back",
        "We received these goods of your order {number} back:\n\n{lines}\n\n"
        "For them {amount} will be refunded; another mail says when.\n\n"
        "Your order: {link}\n(return {return_id}, refund {refund})",
    ),
    NoticeKind.DISPUTE_OPEN: Notice(
        "Order #{number} is disputed",
        "The customer's bank disputes {amount} of order #{number}: {reason}. Answer with evidence"
        " at the payment gateway until {due_by}. Refunds are refused meanwhile.",
    ),
    NoticeKind.DISPUTE_WON: Notice(
        "The dispute of order #{number} is won", "{amount} of order #{number} stay with the shop."
    ),
    NoticeKind.DISPUTE_LOST: Notice(
        "The dispute of order #{number} is lost",
        "The customer's bank has charged back {amount} of order #{number}: {reason}.",
    ),
    NoticeKind.STOCK_LOW: Notice(
        "Low stock: {name}",
        "{available} of {name} ({product}) are left; the threshold is {threshold}.",
    ),
    NoticeKind.PICKING_WITHDRAWN: Notice(
        "Do not ship order #{number}",
        "Do not ship order #{number}: it was cancelled, also if it is still to be picked by an"
        " earlier or later notice. Put back what was picked:\n{lines}",
    ),
}


def compose(kind: NoticeKind, **values: str) -> Notice:
    """Fill in the notice of this kind."""
    subject, message = (text.format(**values) for text in _NOTICES[kind])
    return Notice(subject, message)


def compose_end(kind: NoticeKind, number: str, reason: str | None = None) -> Notice:
    """Fill in the notice of how an order ended, with the reason as a sentence."""
    why = (reason or "").strip()
    stop = "" if why.endswith((".", "!", "?")) else "."
    return compose(kind, number=number, reason=f": {why}{stop}" if why else stop)


def with_confirmation(receipt: Notice, number: str) -> Notice:
    """Let a receipt confirm the order, too."""
    confirmation = compose_end(NoticeKind.ORDER_CONFIRMED, number)
    message = f"{confirmation.message}\n\n{receipt.message}"
    return Notice(f"{confirmation.subject}: {receipt.subject}", message)


def link_order(order_id: str) -> str:
    """Return the address of the order's page in the shop."""
    return f"{settings.text('SHOP_SITE').rstrip('/')}/orders/{ids.suffix(order_id)}"
