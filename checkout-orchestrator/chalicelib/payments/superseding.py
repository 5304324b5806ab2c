"""Voids the payment of an order that another checkout replaces."""

from chalicelib.payments.cancellation import void_payment
from chalicelib.payments.errors import PaymentInProgress
from chalicelib.payments.gateways.port import IntentStatus
from chalicelib.payments.gateways.registry import get_gateway
from chalicelib.payments.intent_sync import sync_from_intent
from chalicelib.payments.models import Payment, PaymentStatus, find_payment, retry_on_conflict

_REASON = "another checkout of the cart replaced it"


@retry_on_conflict
def void_unless_paid(order_id: str) -> None:
    """Make sure that nothing is charged for the order any more. Idempotent.

    The gateway decides: an intent that it has cancelled is never captured.
    Raises: PaymentInProgress if the order is being paid, or is paid; GatewayUnavailable.
    """
    payment = find_payment(order_id)
    if payment is None or not payment.is_open:
        if payment and payment.status == PaymentStatus.SUCCEEDED:
            raise _in_progress(order_id)
        if payment is None:
            void_payment(order_id, _REASON)  # a tombstone, which no charge follows
        return
    if payment.status == PaymentStatus.STARTED and payment.payment_method:
        raise _in_progress(order_id)
    if payment.intent_id:
        _cancel_intent(payment)
    if payment.is_open:
        payment.transition(PaymentStatus.VOIDED, reason=_REASON)


def _cancel_intent(payment: Payment) -> None:
    intent = get_gateway(payment.gateway).cancel_intent(payment.intent_id)
    if intent.status != IntentStatus.CANCELLED:
        sync_from_intent(payment, intent)
        raise _in_progress(payment.order_id)


def _in_progress(order_id: str) -> PaymentInProgress:
    return PaymentInProgress(f"{order_id}, an order of this cart, is just being paid")
