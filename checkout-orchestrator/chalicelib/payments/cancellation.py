"""Voids payments of orders that are undone: nothing is or stays captured.

Refunds of confirmed orders stand in refunds.py.
"""

from chalicelib.payments import metrics
from chalicelib.payments.attempts import call_gateway
from chalicelib.payments.errors import GatewayUnavailable
from chalicelib.payments.gateways.port import IntentStatus
from chalicelib.payments.gateways.registry import get_gateway
from chalicelib.payments.metrics import RefundCause
from chalicelib.payments.models import (
    Payment,
    PaymentStatus,
    find_payment,
    payment_id,
    retry_on_conflict,
)
from chalicelib.saga import task_tokens
from common import log, queues

RETRY_QUEUE = "payment-retry-queue"


@retry_on_conflict
def void_payment(order_id: str, reason: str | None = None) -> Payment:
    """Make the payment VOIDED, FAILED or REFUNDED: nothing stays captured.

    The row is marked before the gateway is called. The mark stops every later charge, also where
    there was no row yet. Idempotent. Raises: GatewayUnavailable, PaymentRejected.
    """
    payment = find_payment(order_id) or _store_tombstone(order_id, reason)
    if payment.is_open:
        payment.transition(PaymentStatus.VOIDED, reason=reason)
    elif payment.status == PaymentStatus.SUCCEEDED:
        payment.transition(PaymentStatus.REFUNDING, reason=reason)
    if payment.status != PaymentStatus.REFUNDED:
        _void_or_refund(payment)
    return payment


def cancel_payment(order_id: str) -> None:
    """Void the payment of a cancelled order, and resume its saga.

    Idempotent. Raises: as void_payment.
    """
    payment = void_payment(order_id, "the order was cancelled")
    if payment.task_token:
        task_tokens.send_failure(
            payment.task_token, "OrderCancelled", "the customer cancelled the order"
        )


def enqueue_refund(order_id: str, reason: str, unless_paid: bool = False) -> None:
    """Have the retry queue's consumer void the payment.

    With `unless_paid` only if the order can be failed, so that no purchase loses its payment.
    """
    message = {
        "action": "refund",
        "orderId": order_id,
        "reason": reason,
        "unlessBought": unless_paid,
        "correlationId": log.correlation_id(),
    }
    queues.send(RETRY_QUEUE, message)


def _store_tombstone(order_id: str, reason: str | None) -> Payment:
    identity = payment_id(order_id)
    payment = Payment(identity, order_id=order_id, status=PaymentStatus.VOIDED, reason=reason)
    payment.save_changes()
    return payment


def _void_or_refund(payment: Payment) -> None:
    if payment.status == PaymentStatus.REFUNDING:
        _refund_captured(payment)
        return
    if payment.intent_id is None:
        return
    intent = get_gateway(payment.gateway).cancel_intent(payment.intent_id)
    if intent.status == IntentStatus.CAPTURED:
        _refund_captured(payment)
    elif intent.status != IntentStatus.CANCELLED:
        raise GatewayUnavailable(f"the payment is {intent.status} and cannot be cancelled yet")


def _refund_captured(payment: Payment) -> None:
    if payment.status != PaymentStatus.REFUNDING:
        payment.transition(PaymentStatus.REFUNDING)
    refund_id = _refund_rest(payment) if payment.intent_id else None
    payment.transition(PaymentStatus.REFUNDED, refund_id=refund_id)
    if refund_id:
        left = (payment.amount_minor or 0) - payment.refunded_minor
        metrics.count_refund(payment, left, RefundCause.UNDONE)


def _refund_rest(payment: Payment) -> str | None:
    """Refund all that is left of the capture, and return the gateway's refund id."""
    gateway, key = get_gateway(payment.gateway), f"{payment.order_id}:refund"
    return call_gateway(
        payment,
        lambda: gateway.create_refund(payment.intent_id, key, attempt=payment.attempt),
    )
