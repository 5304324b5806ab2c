"""Repairs of discrepancies: idempotent messages that the shop sends anyway.

Money only ever goes back to customers here, and only where an order was not confirmed or a refund
was requested. Nothing is ever charged.
"""

from collections.abc import Callable

import msgspec

from chalicelib.discrepancies.models import Repair
from chalicelib.notifications.notices import NoticeKind
from chalicelib.payments.cancellation import enqueue_refund
from chalicelib.payments.gateways.port import Webhook
from chalicelib.payments.models import payment_id
from chalicelib.readmodels.orders import Order, OrderRefund, OrderStatus
from chalicelib.reconciliation.snapshot import OrderSnapshot, done_event_id
from chalicelib.saga import executions
from common import events, ids, money, queues

_STOCK_QUEUE = "inventory-update-queue"
_NOTIFICATION_QUEUE = "notification-queue"
_REFUND_QUEUE = "refund-requested-queue"
_WEBHOOK_QUEUE = "payment-webhook-queue"


def make_repair(repair: Repair, snapshot: OrderSnapshot) -> None:
    """Have the repair made by the consumer that always makes it. Idempotent."""
    order = snapshot.order
    assert order is not None, "no rule names a repair of an order that does not exist"
    _REPAIRS[repair](snapshot, order)


def _refund(snapshot: OrderSnapshot, order: Order) -> None:
    enqueue_refund(order.order_id, order.reason or f"the order is {order.status}")


def _refund_again(snapshot: OrderSnapshot, order: Order) -> None:
    """Request all refunds that are not done: the consumer first looks for them."""
    for refund in order.refunds or []:
        if not (refund.is_done or refund.is_failed):
            queues.send(_REFUND_QUEUE, events.to_message(_refund_requested(order, refund)))


def _book_refunds(snapshot: OrderSnapshot, order: Order) -> None:
    """Have the refunds synced, as the webhook would that was lost."""
    payment, intent = snapshot.payment, snapshot.payment_intent
    if payment is None or intent is None:
        return
    webhook = Webhook(
        gateway=payment.gateway,
        event_id=f"reconciliation:{intent.id}:{intent.refunded}",
        kind="refund.updated",
        intent_id=intent.id,
        order_id=order.order_id,
        is_about_refund=True,
    )
    queues.send(_WEBHOOK_QUEUE, msgspec.to_builtins(webhook))


def _release(snapshot: OrderSnapshot, order: Order) -> None:
    _enqueue_stock_action("release", order)


def _commit(snapshot: OrderSnapshot, order: Order) -> None:
    _enqueue_stock_action("commit", order)


def _enqueue_stock_action(action: str, order: Order) -> None:
    message = {
        "action": action,
        "orderId": order.order_id,
        "items": [{"productId": line.product_id, "qty": line.qty} for line in order.lines],
        "correlationId": order.correlation_id,
    }
    queues.send(_STOCK_QUEUE, message)


def _expire(snapshot: OrderSnapshot, order: Order) -> None:
    """Start the saga of an overdue order: ValidateOrder ends it, and it is notified."""
    executions.start_execution(order.order_id, order.user_id, order.correlation_id)


def _publish(snapshot: OrderSnapshot, order: Order) -> None:
    """Publish order.done with the saga's event id, which consumers that have it drop."""
    done = events.create(
        events.OrderDone,
        order_id=order.order_id,
        event_id=done_event_id(order.order_id),
        correlation_id=order.correlation_id or ids.suffix(order.order_id),
        occurred_at=_sold_at(snapshot, order),
        user_id=order.user_id,
        items=[events.Line(line.product_id, line.qty) for line in order.lines],
        total_amount=money.decimal(order.total_minor, order.currency),
        currency=order.currency,
        payment_id=order.payment_id or payment_id(order.order_id),
    )
    events.publish(done)


def _sold_at(snapshot: OrderSnapshot, order: Order) -> str:
    """The time of the first order.done: on another day it would be audited twice."""
    if snapshot.audit:
        return min(snapshot.audit.recorded_at, f"{snapshot.audit.day}T23:59:59.999Z")
    if snapshot.event_log:
        return str(snapshot.event_log.timestamp)
    return order.created_at if order.refunds else order.updated_at


def _notify(snapshot: OrderSnapshot, order: Order) -> None:
    """Enqueue the notification that the saga sends."""
    message = {
        "userId": order.user_id,
        "type": "EMAIL",
        "kind": _notice_kind(order),
        "orderId": order.order_id,
        "reason": order.reason,
        "correlationId": order.correlation_id,
    }
    queues.send(_NOTIFICATION_QUEUE, message)


def _notice_kind(order: Order) -> NoticeKind:
    if order.is_paid:
        return NoticeKind.ORDER_CONFIRMED
    is_cancelled = order.status == OrderStatus.CANCELLED
    return NoticeKind.ORDER_CANCELLED if is_cancelled else NoticeKind.ORDER_FAILED


def _refund_requested(order: Order, refund: OrderRefund) -> events.RefundRequested:
    """The event that order-service published, with the same id."""
    return events.create(
        events.RefundRequested,
        order_id=order.order_id,
        event_id=ids.deterministic(
            "EVT", events.RefundRequested.detail_type, refund.refund_id, refund.attempt
        ),
        correlation_id=order.correlation_id or ids.suffix(order.order_id),
        occurred_at=refund.requested_at,
        user_id=order.user_id,
        refund_id=refund.refund_id,
        items=[events.Line(line.product_id, line.qty) for line in refund.lines_to_restock],
        amount=money.decimal(refund.amount_minor, order.currency),
        currency=order.currency,
        restock=refund.restock,
        cancels_order=refund.cancels_order,
        attempt=refund.attempt,
    )


_REPAIRS: dict[Repair, Callable[[OrderSnapshot, Order], None]] = {
    Repair.REFUND: _refund,
    Repair.REFUND_AGAIN: _refund_again,
    Repair.BOOK_REFUNDS: _book_refunds,
    Repair.RELEASE: _release,
    Repair.COMMIT: _commit,
    Repair.EXPIRE: _expire,
    Repair.PUBLISH: _publish,
    Repair.NOTIFY: _notify,
}
