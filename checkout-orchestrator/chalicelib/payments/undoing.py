"""Undoing a payment: nothing is or stays captured, whatever became of the charge. Refunds of confirmed orders stand in refunds.py."""

from chalicelib.payments import gateway, measures
from chalicelib.payments.attempts import ask
from chalicelib.payments.errors import GatewayUnavailable
from chalicelib.payments.models import (
    REFUNDED,
    REFUNDING,
    SUCCEEDED,
    VOIDED,
    Payment,
    again_if_contended,
    find,
    payment_id,
)
from common import log, queues

RETRY_QUEUE = "payment-retry-queue"


@again_if_contended
def refund_payment(order_id: str, reason: str | None = None) -> Payment:
    """Make sure that nothing is or stays captured for the order; the answer is VOIDED, FAILED or REFUNDED.

    The row is marked before the gateway is asked, and the mark stops every later charge, also where no row was there yet.
    Raises GatewayUnavailable. Safe to repeat at any time.
    """
    payment = find(order_id) or _tombstone(order_id, reason)
    if payment.is_open:
        payment.move(VOIDED, reason=reason)
    elif payment.status == SUCCEEDED:
        payment.move(REFUNDING, reason=reason)
    if payment.status != REFUNDED:
        _take_back(payment)
    return payment


def order_refund(order_id: str, reason: str, unless_bought: bool = False) -> None:
    """Have the order's payment taken back by the consumer of the retry queue; perhaps only if the order can be failed."""
    message = {
        "action": "refund",
        "orderId": order_id,
        "reason": reason,
        "unlessBought": unless_bought,
    }
    queues.send(RETRY_QUEUE, {**message, "correlationId": log.correlation_id()})


def _tombstone(order_id: str, reason: str | None) -> Payment:
    identity = payment_id(order_id)
    payment = Payment(identity, order_id=order_id, status=VOIDED, reason=reason)
    payment.keep()
    return payment


def _take_back(payment: Payment) -> None:
    if payment.status == REFUNDING:
        _give_back(payment)
        return
    if payment.intent_id is None:
        return
    intent = gateway.named(payment.gateway).cancel(payment.intent_id)
    if intent.status == gateway.CAPTURED:
        _give_back(payment)
    elif intent.status != gateway.CANCELLED:
        raise GatewayUnavailable(f"the payment is {intent.status} and cannot be cancelled yet")


def _give_back(payment: Payment) -> None:
    if payment.status != REFUNDING:
        payment.move(REFUNDING)
    refund_id = _refunded(payment) if payment.intent_id else None
    payment.move(REFUNDED, refund_id=refund_id)
    if refund_id:
        left = (payment.amount_minor or 0) - payment.refunded_minor
        measures.refunded(payment, left, measures.UNDONE)


def _refunded(payment: Payment) -> str | None:
    """All that is left. The key says which refund it is, the attempt only how often the gateway was asked."""
    at, key = gateway.named(payment.gateway), f"{payment.order_id}:refund"
    return ask(payment, lambda: at.refund(payment.intent_id, key, attempt=payment.attempt))
