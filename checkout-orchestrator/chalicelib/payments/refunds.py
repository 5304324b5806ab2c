"""Refunds of confirmed orders: each once, together never above the capture."""

from chalicelib.notifications import notices
from chalicelib.notifications import service as notifications
from chalicelib.notifications.notices import NoticeKind
from chalicelib.payments import metrics
from chalicelib.payments.attempts import call_gateway
from chalicelib.payments.errors import RefundNotPossible
from chalicelib.payments.gateways.registry import get_gateway
from chalicelib.payments.metrics import RefundCause
from chalicelib.payments.models import (
    Payment,
    PaymentStatus,
    Refund,
    RefundStatus,
    find_payment,
    retry_on_conflict,
)
from chalicelib.saga import lambdas
from common import events, ids, log, money, queues

_NOTIFICATION_QUEUE = "notification-queue"
# REFUNDED: a cancellation may have nothing left to refund.
_REFUNDABLE = frozenset({PaymentStatus.SUCCEEDED, PaymentStatus.REFUNDED})


def process_refund(requested: events.RefundRequested) -> None:
    """Refund, restock, publish PaymentRefunded and notify the customer.

    Of a cancelled order the warehouse is told first that it is not shipped. Idempotent: a repeat
    does what is left. Raises: RefundNotPossible, PaymentRejected, GatewayUnavailable, StepFailed.
    """
    if requested.cancels_order:
        notifications.withdraw_picking(requested.order_id, requested.user_id)
    payment = _make_refund(requested)
    if requested.restock and requested.items:
        _restock(requested)
    events.publish(_refunded_event(payment, requested))
    queues.send(_NOTIFICATION_QUEUE, _notification(requested))


@retry_on_conflict
def _make_refund(requested: events.RefundRequested) -> Payment:
    """Refund at the gateway, after the amount is reserved on the payment's row."""
    payment = find_payment(requested.order_id)
    if payment is None:
        raise RefundNotPossible(f"{requested.order_id} has no payment")
    refund = _find_refund(payment, requested.refund_id) or _reserve_refund(payment, requested)
    if not refund.is_done:
        refund.gateway_id = _request_refund(payment, refund)
        refund.status = RefundStatus.DONE
        status = PaymentStatus.REFUNDED if _is_fully_refunded(payment) else payment.status
        payment.save_changes(status=status)
        metrics.count_refund(payment, refund.amount_minor, RefundCause.RETURNED)
    return payment


def _reserve_refund(payment: Payment, requested: events.RefundRequested) -> Refund:
    amount = money.minor(requested.amount, requested.currency)
    if payment.status not in _REFUNDABLE or payment.currency != requested.currency:
        raise RefundNotPossible(
            f"the payment of {payment.order_id} is {payment.status}, in {payment.currency}"
        )
    if payment.refunded_minor + amount > payment.amount_minor:
        raise RefundNotPossible(
            f"{payment.order_id}: {amount} is more than is left of {payment.amount_minor}"
        )
    refund = Refund(refund_id=requested.refund_id, amount_minor=amount, status=RefundStatus.STARTED)
    payment.save_changes(
        refunds=[*payment.refunds, refund], refunded_minor=payment.refunded_minor + amount
    )
    return refund


def _request_refund(payment: Payment, refund: Refund) -> str | None:
    """Refund at the gateway, and return its refund id. Nothing for no charge."""
    if payment.intent_id is None or refund.amount_minor == 0:
        return None
    gateway, key = get_gateway(payment.gateway), f"{payment.order_id}:{refund.refund_id}"
    gateway_id = call_gateway(
        payment,
        lambda: gateway.create_refund(
            payment.intent_id, key, refund.amount_minor, attempt=payment.attempt
        ),
    )
    if gateway_id is None:
        raise RefundNotPossible(f"{payment.order_id}: the gateway has nothing left to refund")
    return gateway_id


def _find_refund(payment: Payment, refund_id: str) -> Refund | None:
    return next((refund for refund in payment.refunds if refund.refund_id == refund_id), None)


def _is_fully_refunded(payment: Payment) -> bool:
    done = sum(refund.amount_minor for refund in payment.refunds if refund.is_done)
    return bool(done == payment.amount_minor)


def _restock(requested: events.RefundRequested) -> None:
    step = {
        "orderId": requested.order_id,
        "userId": requested.user_id,
        "refundId": requested.refund_id,
        "items": [{"productId": line.product_id, "qty": line.qty} for line in requested.items],
    }
    lambdas.invoke("product-service", "return-inventory", step)


def _refunded_event(payment: Payment, requested: events.RefundRequested) -> events.PaymentRefunded:
    return events.create(
        events.PaymentRefunded,
        order_id=requested.order_id,
        event_id=ids.deterministic("EVT", events.PaymentRefunded.detail_type, requested.refund_id),
        user_id=requested.user_id,
        payment_id=payment.payment_id,
        refund_id=requested.refund_id,
        amount=requested.amount,
        currency=requested.currency,
    )


def _notification(requested: events.RefundRequested) -> dict[str, object]:
    """The message to the customer.

    Without a kind, as an order can have several refunds: the text, which names the refund, makes
    each notification unique.
    """
    amount = money.minor(requested.amount, requested.currency)
    kind = NoticeKind.PURCHASE_CANCELLED if requested.cancels_order else NoticeKind.REFUND
    notice = notices.compose(
        kind,
        requested.order_id,
        amount=money.format_amount(amount, requested.currency),
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
