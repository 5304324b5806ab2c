"""Mends what can be mended without harm: each repair is a message or a call that the shop makes anyway, and bears being repeated.

Money only ever goes back to customers here, and only where an order was not confirmed or a refund was asked for: never the other way.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from chalicelib.checkout import sagas
from chalicelib.payments import undoing
from chalicelib.payments.models import payment_id
from chalicelib.reconciliation.books import Books, done_event_id
from chalicelib.reconciliation.discrepancies import Discrepancy, Repair
from chalicelib.reconciliation.models import DONE, Order, Refund
from chalicelib.reconciliation.schemas import Doubt
from chalicelib.reconciliation.telling_rules import (
    CANCELLED_NOTICE,
    CONFIRMED_NOTICE,
    FAILED_NOTICE,
)
from common import events, ids, money, queues

QUEUE = "discrepancy-queue"
_STOCK_QUEUE = "inventory-update-queue"
_NOTICE_QUEUE = "notification-queue"
_REFUND_QUEUE = "refund-requested-queue"


def repair(what: Repair, books: Books) -> None:
    """Have the repair of this order made by whoever makes it in daily business. Safe to repeat."""
    order = books.order
    assert order is not None, "no rule names a repair of an order that is not there"
    _REPAIRS[what](books, order)


def ask_a_person(found: Discrepancy, day: str | None) -> None:
    """Put it on the queue whose dead letters somebody looks at."""
    doubt = Doubt(
        kind=found.kind,
        detail=found.detail,
        order_id=found.order_id,
        product_id=found.product_id,
        intents=list(found.intents),
        day=day,
    )
    queues.send(QUEUE, msgspec.to_builtins(doubt))


def _refund(books: Books, order: Order) -> None:
    undoing.order_refund(order.order_id, order.reason or f"the order is {order.status}")


def _refund_again(books: Books, order: Order) -> None:
    """The requests of all refunds that are not done; whoever carries them out asks the gateway first whether they were made."""
    for refund in order.refunds or []:
        if refund.status != DONE:
            queues.send(_REFUND_QUEUE, events.to_message(_requested(order, refund)))


def _release(books: Books, order: Order) -> None:
    _move_stock("release", order)


def _commit(books: Books, order: Order) -> None:
    _move_stock("commit", order)


def _move_stock(action: str, order: Order) -> None:
    items = [{"productId": line.product_id, "qty": line.qty} for line in order.lines]
    message = {"action": action, "orderId": order.order_id, "items": items}
    queues.send(_STOCK_QUEUE, {**message, "correlationId": order.correlation_id})


def _start(books: Books, order: Order) -> None:
    sagas.start(order.order_id, order.user_id, order.correlation_id)


def _publish(books: Books, order: Order) -> None:
    """With the id that the saga gave it, so that whoever has heard it drops it."""
    done = events.create(
        events.OrderDone,
        order_id=order.order_id,
        event_id=done_event_id(order.order_id),
        correlation_id=order.correlation_id or ids.suffix(order.order_id),
        occurred_at=_sold_at(books, order),
        user_id=order.user_id,
        items=[events.Line(line.product_id, line.qty) for line in order.lines],
        total_amount=money.decimal(order.total_minor, order.currency),
        currency=order.currency,
        payment_id=order.payment_id or payment_id(order.order_id),
    )
    events.publish(done)


def _sold_at(books: Books, order: Order) -> str:
    """As those say who heard it the first time: on another day it would be audited twice. Else as the order says."""
    if books.audited:
        return min(books.audited.recorded_at, f"{books.audited.day}T23:59:59.999Z")
    if books.heard:
        return str(books.heard.timestamp)
    return order.created_at if order.refunds else order.updated_at


def _notify(books: Books, order: Order) -> None:
    """In the state machine's words."""
    number = ids.suffix(order.order_id)
    if order.is_sold:
        told = (CONFIRMED_NOTICE, "Order confirmed", f"Your order #{number} is confirmed")
    elif order.status == "CANCELLED":
        told = (
            CANCELLED_NOTICE,
            "Order cancelled",
            f"Your order #{number} is cancelled. Nothing stays charged.",
        )
    else:
        why = f": {order.reason}" if order.reason else "."
        text = f"Your order #{number} could not be completed{why} Nothing stays charged."
        told = (FAILED_NOTICE, "Order not completed", text)
    kind, subject, message = told
    notice = {"userId": order.user_id, "type": "EMAIL", "kind": kind, "orderId": order.order_id}
    about = {"subject": subject, "message": message, "correlationId": order.correlation_id}
    queues.send(_NOTICE_QUEUE, {**notice, **about})


def _requested(order: Order, refund: Refund) -> events.RefundRequested:
    """As order-service announced it, with the same id."""
    return events.create(
        events.RefundRequested,
        order_id=order.order_id,
        event_id=ids.deterministic("EVT", events.RefundRequested.detail_type, refund.refund_id),
        correlation_id=order.correlation_id or ids.suffix(order.order_id),
        occurred_at=refund.requested_at,
        user_id=order.user_id,
        refund_id=refund.refund_id,
        items=[events.Line(line.product_id, line.qty) for line in refund.lines],
        amount=money.decimal(refund.amount_minor, order.currency),
        currency=order.currency,
        restock=refund.restock,
    )


_REPAIRS: dict[Repair, Callable[[Books, Order], Any]] = {
    Repair.REFUND: _refund,
    Repair.REFUND_AGAIN: _refund_again,
    Repair.RELEASE: _release,
    Repair.COMMIT: _commit,
    Repair.START: _start,
    Repair.PUBLISH: _publish,
    Repair.NOTIFY: _notify,
}
