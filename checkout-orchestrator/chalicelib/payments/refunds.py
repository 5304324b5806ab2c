"""Refunds of confirmed orders: each once, together never above the capture."""

from typing import Any

from chalicelib.notifications import notices
from chalicelib.notifications import service as notifications
from chalicelib.notifications.notices import NoticeKind
from chalicelib.payments import metrics, refund_sync
from chalicelib.payments.attempts import call_gateway
from chalicelib.payments.errors import (
    ChargeDisputed,
    GatewayUnavailable,
    PaymentContended,
    RefundFailed,
    RefundNotPossible,
)
from chalicelib.payments.gateways.registry import get_gateway
from chalicelib.payments.metrics import RefundCause
from chalicelib.payments.models import (
    Payment,
    Refund,
    RefundStatus,
    find_payment,
    retry_on_conflict,
)
from chalicelib.readmodels.orders import find_order, shown_number
from chalicelib.saga import lambdas
from common import events, ids, log, money, queues

QUEUE = "refund-requested-queue"
MAX_TRIES = 40  # together about eight hours
_PAUSE_SECONDS = 5
_MAX_PAUSE_SECONDS = 900  # the longest delay of SQS
_NOTIFICATION_QUEUE = "notification-queue"


def process_message(message: dict[str, Any]) -> None:
    """Make a requested refund, or enqueue it again while the gateway is down.

    Raises: GatewayUnavailable after hours of growing pauses, and as `process_refund`, so that
    the message becomes a dead letter, with its alarm. Reconciliation requests it every night.
    """
    tries = int(message.get("tries", 0))
    try:
        process_refund(events.parse(events.RefundRequested, message))
    except ChargeDisputed as exc:  # order-service requests it again when that is decided
        log.logger.warning("refund waits", extra={"error": str(exc)})
    except GatewayUnavailable:
        if tries + 1 >= MAX_TRIES:
            raise
        pause = min(_PAUSE_SECONDS * 2**tries, _MAX_PAUSE_SECONDS)
        queues.send(QUEUE, {**message, "tries": tries + 1}, delay=pause)


def process_refund(requested: events.RefundRequested) -> None:
    """Refund, restock, publish PaymentRefunded and notify the customer.

    Of a cancelled order the warehouse is told first that it is not shipped. Idempotent: a repeat
    does what is left. A refund that the gateway says failed is published as RefundFailed.
    Raises: RefundNotPossible, PaymentRejected, GatewayUnavailable, StepFailed.
    """
    if requested.cancels_order:
        notifications.withdraw_picking(requested.order_id, requested.user_id)
    payment, refund = _make_refund(requested)
    if refund.is_failed:
        refund_sync.publish_changes(payment)
        return
    if requested.restock and requested.items:
        _restock(requested)
    events.publish(refund_sync.refunded_event(payment, refund))
    if refund.amount_minor > 0:
        queues.send(_NOTIFICATION_QUEUE, _notification(requested, refund))


@retry_on_conflict
def _make_refund(requested: events.RefundRequested) -> tuple[Payment, Refund]:
    """Refund at the gateway, after the amount is reserved on the payment's row."""
    payment = find_payment(requested.order_id)
    if payment is None:
        raise RefundNotPossible(f"{requested.order_id} has no payment")
    refund = payment.find_refund(requested.refund_id)
    if payment.is_disputed and not (refund and refund.is_done):
        raise ChargeDisputed(f"{requested.order_id}: the charge is disputed")
    is_retried = refund is not None and refund.is_failed and requested.attempt > refund.attempt
    if refund is None or refund.status == RefundStatus.STARTED or is_retried:
        refund_sync.sync_refunds(payment)
        refund = payment.find_refund(requested.refund_id)
        if refund is None or not refund.is_done:
            refund = _reserve_refund(payment, requested)
            _request_refund(payment, refund)
    return payment, refund


def _reserve_refund(payment: Payment, requested: events.RefundRequested) -> Refund:
    """Reserve the amount, or what the gateway's dashboard left of it."""
    if payment.status not in refund_sync.REFUNDABLE or payment.currency != requested.currency:
        raise RefundNotPossible(
            f"the payment of {payment.order_id} is {payment.status}, in {payment.currency}"
        )
    amount = money.minor(requested.amount, requested.currency)
    refund = payment.find_refund(requested.refund_id)
    if refund is None:
        refund = Refund(refund_id=requested.refund_id, amount_minor=0)
        payment.refunds = [*payment.refunds, refund]
    reserved = refund.amount_minor if refund.status == RefundStatus.STARTED else 0
    refund.amount_minor = max(0, min(amount, payment.refundable_minor + reserved))
    refund.status, refund.attempt = RefundStatus.STARTED, requested.attempt
    refund.gateway_id, refund.is_booked = None, False
    payment.save_refunds()
    return refund


def _request_refund(payment: Payment, refund: Refund) -> None:
    """Refund at the gateway, and store that it is DONE or FAILED."""
    try:
        refund.gateway_id = _call_gateway(payment, refund)
    except RefundFailed:
        refund_sync.mark_failed(payment, refund)
        return
    refund.status = RefundStatus.DONE
    payment.save_refunds()
    if refund.amount_minor > 0:
        metrics.count_refund(payment, refund.amount_minor, RefundCause.RETURNED)


def _call_gateway(payment: Payment, refund: Refund) -> str | None:
    """Create the refund, and return the gateway's refund id. Nothing for no charge."""
    if payment.intent_id is None or refund.amount_minor == 0:
        return None
    gateway, key = get_gateway(payment.gateway), refund_sync.refund_key(payment.order_id, refund)
    gateway_id = call_gateway(
        payment,
        lambda: gateway.create_refund(
            payment.intent_id, key, refund.amount_minor, attempt=payment.attempt
        ),
    )
    if gateway_id is None:  # refunded at the dashboard just now: look again what is left
        raise PaymentContended(f"{payment.order_id}: the gateway has nothing left to refund")
    return gateway_id


def _restock(requested: events.RefundRequested) -> None:
    step = {
        "orderId": requested.order_id,
        "userId": requested.user_id,
        "refundId": requested.refund_id,
        "items": [{"productId": line.product_id, "qty": line.qty} for line in requested.items],
    }
    lambdas.invoke("product-service", "return-inventory", step)


def _notification(requested: events.RefundRequested, refund: Refund) -> dict[str, object]:
    """The message to the customer.

    Without a kind, as an order can have several refunds: the text, which names the refund, makes
    each notification unique.
    """
    kind = NoticeKind.PURCHASE_CANCELLED if requested.cancels_order else NoticeKind.REFUND
    notice = notices.compose(
        kind,
        number=shown_number(requested.order_id, find_order(requested.order_id)),
        amount=money.format_amount(refund.amount_minor, requested.currency),
        refund=ids.suffix(requested.refund_id),
    )
    return {
        "userId": requested.user_id,
        "type": "EMAIL",
        "orderId": requested.order_id,
        "subject": notice.subject,
        "message": notice.message,
        "correlationId": log.correlation_id(),
    }
