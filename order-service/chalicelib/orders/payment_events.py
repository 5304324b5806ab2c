"""Apply what checkout-orchestrator published about the payment of a paid order.

Idempotent, in any order of events.
"""

from collections.abc import Callable
from typing import Any

from chalicelib.orders import lookups
from chalicelib.orders.errors import OrderNotRefundable, RefundNotFound
from chalicelib.orders.models import Dispute, Order, Refund
from chalicelib.orders.refund_records import (
    CONFLICT_RETRIES,
    contended,
    find_refund,
    save_refunds,
    status_after_refund,
)
from chalicelib.orders.statuses import PAID_STATUSES, DisputeStatus, OrderStatus, RefundStatus
from common import clock, events, log, money

AT_GATEWAY = "GATEWAY"  # who requested a refund that was made at the gateway's dashboard
_REASON = "made at the payment gateway"


def apply_event(message: dict[str, Any]) -> None:
    """Apply the event in a queue's message. Raises: as the verbs."""
    kind = message.get("detail-type")
    if kind == events.RefundFailed.detail_type:
        fail_refund(events.parse(events.RefundFailed, message))
    elif kind == events.PaymentDisputed.detail_type:
        record_dispute(events.parse(events.PaymentDisputed, message))
    else:
        complete_refund(events.parse(events.PaymentRefunded, message))


def complete_refund(event: events.PaymentRefunded) -> None:
    """Mark a refund DONE with the amount that was refunded, and its order accordingly.

    One that was made at the gateway's dashboard is added.

    Raises: OrderNotFound, RefundNotFound, OrderNotRefundable, OrderContended.
    """
    _change_refunds(event.order_id, lambda order: _complete(order, event))


def fail_refund(event: events.RefundFailed) -> None:
    """Mark a refund FAILED. Raises: OrderNotFound, OrderContended."""
    _change_refunds(event.order_id, lambda order: _fail(order, event))


def record_dispute(event: events.PaymentDisputed) -> None:
    """Keep on the order that its charge is disputed, and who won. Never OPEN again.

    When it is decided, refunds that waited for that are requested again.

    Raises: OrderNotFound, OrderContended.
    """
    _change_refunds(event.order_id, lambda order: _record_dispute(order, event))


def _record_dispute(order: Order, event: events.PaymentDisputed) -> bool:
    others = [one for one in order.disputes or [] if one.dispute_id != event.dispute_id]
    known = [one for one in order.disputes or [] if one.dispute_id == event.dispute_id]
    if known and (known[0].status == event.status or event.status == DisputeStatus.OPEN):
        return False
    dispute = Dispute(
        dispute_id=event.dispute_id,
        amount_minor=money.minor(event.amount, event.currency),
        status=event.status,
        reason=event.reason,
        evidence_due_by=event.evidence_due_by,
    )
    order.disputes = [*others, dispute]
    if event.status != DisputeStatus.OPEN:
        for refund in order.refunds or []:
            if refund.status == RefundStatus.REQUESTED:
                refund.asked_at = event.occurred_at
    return True


def _change_refunds(order_id: str, change: Callable[[Order], bool]) -> None:
    """Change the refunds, unless `change` returns False, and the status with them."""
    for _ in CONFLICT_RETRIES.attempts():
        order = lookups.get(order_id)
        if not change(order):
            return
        disputes = [Order.disputes.set(order.disputes)] if order.disputes else []
        if save_refunds(order, order.refunds or [], _status_of(order), *disputes):
            return
    raise contended(order_id)


def _status_of(order: Order) -> OrderStatus:
    return status_after_refund(order) if order.refunds else OrderStatus(order.status)


def _complete(order: Order, event: events.PaymentRefunded) -> bool:
    refund = find_refund(order, event.refund_id)
    if refund is None:
        return _book(order, event)
    if event.is_booked and event.attempt > refund.attempt:
        return _resume_failed(refund, event)
    if refund.status != RefundStatus.REQUESTED or refund.attempt != event.attempt:
        return False
    refund.status, refund.done_at = RefundStatus.DONE, event.occurred_at
    refund.amount_minor = money.minor(event.amount, event.currency)
    return True


def _book(order: Order, event: events.PaymentRefunded) -> bool:
    """Add a refund that was made at the gateway's dashboard."""
    if not event.is_booked:
        raise RefundNotFound(f"{order.order_id} has no refund {event.refund_id}")
    if order.status == OrderStatus.CREATED:
        raise OrderNotRefundable(f"{order.order_id} is not confirmed yet")
    if order.status not in PAID_STATUSES:
        log.logger.info("refund of an unpaid order", extra={"status": order.status})
        return False
    refund = Refund(
        refund_id=event.refund_id,
        lines=[],
        amount_minor=money.minor(event.amount, event.currency),
        whole=False,
        restock=False,
        reason=_REASON,
        requested_by=AT_GATEWAY,
        request_hash="",
        status=RefundStatus.DONE,
        requested_at=event.occurred_at,
        done_at=event.occurred_at,
    )
    order.refunds = [*(order.refunds or []), refund]
    return True


def _resume_failed(refund: Refund, event: events.PaymentRefunded) -> bool:
    """Request again a failed refund that the dashboard made good.

    Its money is back; the goods and the customer's mail come with the request.
    """
    refund.status, refund.attempt = RefundStatus.REQUESTED, event.attempt
    refund.requested_at, refund.done_at = clock.now(), None
    return True


def _fail(order: Order, event: events.RefundFailed) -> bool:
    refund = find_refund(order, event.refund_id)
    if refund is None or refund.status == RefundStatus.FAILED or refund.attempt != event.attempt:
        return False
    refund.status, refund.done_at = RefundStatus.FAILED, None
    return True
