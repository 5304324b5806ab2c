"""Rules for an order's progress, its notifications, and order.done."""

from collections import Counter
from collections.abc import Iterator

from chalicelib.discrepancies.models import Discrepancy, Kind, Repair
from chalicelib.notifications.models import NotificationStatus
from chalicelib.notifications.notices import NoticeKind
from chalicelib.notifications.service import CUSTOMER, INVENTORY
from chalicelib.payments.models import PaymentStatus
from chalicelib.readmodels.orders import OrderStatus
from chalicelib.reconciliation.snapshot import OrderSnapshot
from chalicelib.saga import executions
from common import clock, money

Discrepancies = Iterator[Discrepancy]

AWAIT_PAYMENT_SECONDS = 900  # of the state AwaitPayment in state-machine.yml

_ENDED_UNPAID = {NoticeKind.ORDER_FAILED, NoticeKind.ORDER_CANCELLED}
_ONCE = {NoticeKind.ORDER_CONFIRMED, NoticeKind.RECEIPT, *_ENDED_UNPAID}


def order_progresses(snapshot: OrderSnapshot, settled_before: str) -> Discrepancies:
    """An order does not stay CREATED for longer than its saga takes."""
    order = snapshot.order
    if order is None or order.status != OrderStatus.CREATED or order.created_at > settled_before:
        return
    if _awaits_customer(snapshot):
        return
    saga = snapshot.saga or "was never started"
    detail = f"{order.status} since {order.created_at}; its checkout {saga}"
    repair = Repair.EXPIRE if order.is_overdue and not snapshot.saga else None
    yield _discrepancy(snapshot, Kind.ORDER_STUCK, detail, repair)


def _awaits_customer(snapshot: OrderSnapshot) -> bool:
    """Whether the saga runs, and the customer still has time to pay."""
    payment = snapshot.payment
    if payment is None or payment.status != PaymentStatus.REQUIRES_ACTION or snapshot.kept > 0:
        return False
    deadline = clock.iso(clock.epoch() - AWAIT_PAYMENT_SECONDS)
    return snapshot.saga == executions.RUNNING and payment.updated_at > deadline


def customer_is_notified(snapshot: OrderSnapshot, settled_before: str) -> Discrepancies:
    """The customer was notified of how the order ended."""
    order = snapshot.order
    if order is None or order.status == OrderStatus.CREATED or order.updated_at > settled_before:
        return
    expected = {NoticeKind.ORDER_CONFIRMED} if order.is_paid else _ENDED_UNPAID
    if not expected & _notified_kinds(snapshot):
        detail = f"{order.status}, and its customer was not told"
        yield _discrepancy(snapshot, Kind.NOT_NOTIFIED, detail, Repair.NOTIFY)


def warehouse_is_notified(snapshot: OrderSnapshot, settled_before: str) -> Discrepancies:
    """The warehouse was told not to ship an order that was cancelled.

    Judged at once, as that notice comes first.
    """
    order = snapshot.order
    if order is None or order.cancelled_at is None:
        return
    is_refunded = any(refund.cancels_order and refund.is_done for refund in order.refunds or [])
    is_withdrawn = any(
        notification.kind == NoticeKind.PICKING_WITHDRAWN
        and notification.audience == INVENTORY
        and notification.is_final
        for notification in snapshot.notifications
    )
    if is_refunded and not is_withdrawn:
        detail = "cancelled and refunded, and the warehouse was not told not to ship it"
        yield _discrepancy(snapshot, Kind.NOT_NOTIFIED, detail)


def customer_is_notified_once(snapshot: OrderSnapshot, settled_before: str) -> Discrepancies:
    """Nothing was sent twice, and nothing contradicts another notification."""
    kinds = _notified_kinds(snapshot)
    sent = Counter(
        (notification.kind, notification.audience, notification.type)
        for notification in snapshot.notifications
        if notification.status == NotificationStatus.SENT
    )
    twice = [kind for (kind, *_), count in sent.items() if count > 1 and kind in _ONCE]
    if NoticeKind.ORDER_CONFIRMED in kinds and kinds & _ENDED_UNPAID:
        twice.append(f"{NoticeKind.ORDER_CONFIRMED}, and that it failed")
    if twice:
        yield _discrepancy(snapshot, Kind.NOTIFIED_TWICE, f"told twice: {', '.join(twice)}")


def order_done_is_consumed(snapshot: OrderSnapshot, settled_before: str) -> Discrepancies:
    """A confirmed order has its receipt, its audit row, its entry in analytics."""
    order = snapshot.order
    if order is None or not order.is_paid or order.updated_at > settled_before:
        return
    consumed = {
        "the receipt": NoticeKind.RECEIPT in _notified_kinds(snapshot),
        "the audit": snapshot.audit is not None,
        "analytics": snapshot.event_log is not None,
    }
    missing = [name for name, is_there in consumed.items() if not is_there]
    if missing:
        detail = f"without {', '.join(missing)}"
        yield _discrepancy(snapshot, Kind.ORDER_DONE_NOT_HEARD, detail, Repair.PUBLISH)


def order_done_is_true(snapshot: OrderSnapshot, settled_before: str) -> Discrepancies:
    """Only confirmed orders are in audit and analytics, at their total.

    Judged at once: order.done is published after the confirmation.
    """
    order, audit = snapshot.order, snapshot.audit
    if order is None or not order.is_paid:
        if audit or snapshot.event_log:
            where = "audit" if audit else "report"
            detail = f"in the {where}, but {order.status if order else 'no order'}"
            yield _discrepancy(snapshot, Kind.ORDER_DONE_FOR_NOTHING, detail)
        return
    expected = (order.total_minor, order.currency)
    if audit and (audit.total_minor, audit.currency) != expected:
        audited = money.format_amount(audit.total_minor, audit.currency)
        total = money.format_amount(order.total_minor, order.currency)
        detail = f"{audited} in the audit, but the order is of {total}"
        yield _discrepancy(snapshot, Kind.ORDER_DONE_FOR_NOTHING, detail)


def _notified_kinds(snapshot: OrderSnapshot) -> set[str]:
    """Of what the customer was notified, or would have been with an account."""
    return {
        notification.kind
        for notification in snapshot.notifications
        if notification.kind and notification.is_final and notification.audience == CUSTOMER
    }


def _discrepancy(
    snapshot: OrderSnapshot, kind: Kind, detail: str, repair: Repair | None = None
) -> Discrepancy:
    return Discrepancy(kind, detail, repair, snapshot.order_id)


RULES = (
    order_progresses,
    customer_is_notified,
    warehouse_is_notified,
    customer_is_notified_once,
    order_done_is_consumed,
    order_done_is_true,
)
