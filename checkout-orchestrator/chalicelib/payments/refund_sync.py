"""Brings the refunds of a payment to what the gateway says of them.

Refunds are made at the gateway's dashboard, too, and fail days after they were made. Webhooks
come more than once, late and out of order, so all refunds of the intent are listed.
"""

from chalicelib.discrepancies.models import Discrepancy, Kind
from chalicelib.discrepancies.tickets import escalate
from chalicelib.payments import metrics
from chalicelib.payments.gateways.port import GatewayRefund, intent_key
from chalicelib.payments.gateways.registry import get_gateway
from chalicelib.payments.metrics import RefundCause
from chalicelib.payments.models import Payment, PaymentStatus, Refund, RefundStatus
from common import events, ids, money

REFUNDABLE = frozenset({PaymentStatus.SUCCEEDED, PaymentStatus.REFUNDED})


def sync_refunds(payment: Payment) -> None:
    """Book refunds of the dashboard, and failures. Idempotent.

    A payment that is undone has no refunds of its own; reconciliation looks after its money.
    Raises: GatewayUnavailable.
    """
    if payment.intent_id is None or payment.status not in REFUNDABLE:
        return
    listed = get_gateway(payment.gateway).list_refunds(payment.intent_id)
    failed_first = sorted(listed, key=lambda one: not one.is_failed)
    changed = [refund for one in failed_first if (refund := _merge(payment, one))]
    if changed:
        payment.save_refunds()
    for refund in changed:
        _report_change(payment, refund)
    publish_changes(payment)


def publish_changes(payment: Payment) -> None:
    """Publish what became of refunds without a request of the shop. Idempotent.

    All of them each time: an earlier run may have crashed before it published.
    """
    for refund in payment.refunds:
        if refund.is_failed:
            events.publish(_failed_event(payment, refund))
        elif refund.is_booked:
            events.publish(refunded_event(payment, refund, is_booked=True))


def refund_key(order_id: str, refund: Refund) -> str:
    """Return the key of a refund at the gateway: another one for each attempt."""
    suffix = f":{refund.attempt}" if refund.attempt > 1 else ""
    return f"{order_id}:{refund.refund_id}{suffix}"


def mark_failed(payment: Payment, refund: Refund) -> None:
    """Store that a refund was not made, and have staff look at it."""
    refund.status = RefundStatus.FAILED
    payment.save_refunds()
    _report_change(payment, refund)
    publish_changes(payment)


def refunded_event(
    payment: Payment, refund: Refund, is_booked: bool = False
) -> events.PaymentRefunded:
    """Return the event of a refund that was made, by the shop or at the dashboard."""
    kind = events.PaymentRefunded
    return events.create(
        kind,
        order_id=payment.order_id,
        event_id=_event_id(kind, refund),
        user_id=payment.user_id or "",
        payment_id=payment.payment_id,
        refund_id=refund.refund_id,
        amount=money.decimal(refund.amount_minor, payment.currency),
        currency=payment.currency,
        attempt=refund.attempt,
        is_booked=is_booked,
    )


def _merge(payment: Payment, gateway_refund: GatewayRefund) -> Refund | None:
    """Bring one refund up to date. Returns it if it changed."""
    key = gateway_refund.key or ""
    refund = _find(payment, gateway_refund)
    if refund is not None:
        if not gateway_refund.is_failed or refund.is_failed:
            return None
        refund.status = RefundStatus.FAILED
        return refund
    if gateway_refund.is_failed or key.startswith(f"{payment.order_id}:"):
        return None  # not made; or by the shop, which has stored it before
    return _book(payment, gateway_refund)


def _find(payment: Payment, gateway_refund: GatewayRefund) -> Refund | None:
    for refund in payment.refunds:
        if gateway_refund.key == refund_key(payment.order_id, refund):
            return refund
        if refund.is_booked and refund.gateway_id == gateway_refund.id:
            return refund
    return None


def _book(payment: Payment, gateway_refund: GatewayRefund) -> Refund:
    """Add a refund of the dashboard, or complete the failed one that it makes good.

    That is the next attempt of the failed one, which order-service then has restocked and mailed.
    """
    for failed in payment.refunds:
        if failed.is_failed and failed.amount_minor == gateway_refund.amount:
            failed.status, failed.attempt = RefundStatus.DONE, failed.attempt + 1
            failed.gateway_id, failed.is_booked = gateway_refund.id, True
            return failed
    refund = Refund(
        refund_id=ids.deterministic("REFUND", payment.gateway, gateway_refund.id),
        amount_minor=gateway_refund.amount,
        status=RefundStatus.DONE,
        gateway_id=gateway_refund.id,
        is_booked=True,
    )
    payment.refunds = [*payment.refunds, refund]
    return refund


def _report_change(payment: Payment, refund: Refund) -> None:
    if refund.is_failed:
        metrics.count_failed_refund()
        escalate(_discrepancy(payment, refund))
    else:
        metrics.count_refund(payment, refund.amount_minor, RefundCause.DASHBOARD)


def _discrepancy(payment: Payment, refund: Refund) -> Discrepancy:
    """Of a refund that failed, which stands until the money is back some way."""
    intents = (intent_key(payment.gateway, payment.intent_id),) if payment.intent_id else ()
    detail = f"{refund.refund_id} at {payment.gateway} did not reach the customer"
    return Discrepancy(Kind.REFUND_MISSING, detail, order_id=payment.order_id, intents=intents)


def _failed_event(payment: Payment, refund: Refund) -> events.RefundFailed:
    return events.create(
        events.RefundFailed,
        order_id=payment.order_id,
        event_id=_event_id(events.RefundFailed, refund),
        user_id=payment.user_id or "",
        payment_id=payment.payment_id,
        refund_id=refund.refund_id,
        amount=money.decimal(refund.amount_minor, payment.currency),
        currency=payment.currency,
        attempt=refund.attempt,
    )


def _event_id(kind: type[events.Event], refund: Refund) -> str:
    return ids.deterministic("EVT", kind.detail_type, refund.refund_id, refund.attempt)
