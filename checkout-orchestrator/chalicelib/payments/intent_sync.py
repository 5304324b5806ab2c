"""Brings a payment to the state of its intent, after a call or a webhook."""

from typing import Any

from chalicelib.card_limits import service as card_limits
from chalicelib.payments import metrics
from chalicelib.payments.attempts import is_retryable
from chalicelib.payments.cancellation import enqueue_refund
from chalicelib.payments.gateways.port import Intent, IntentStatus
from chalicelib.payments.models import Payment, PaymentStatus
from common import events, log, money

_WITH_CUSTOMER = (IntentStatus.WAITING, IntentStatus.PROCESSING)
_UNDONE = (PaymentStatus.VOIDED, PaymentStatus.FAILED)


def sync_from_intent(payment: Payment, intent: Intent, *, in_step: bool = False) -> None:
    """Store what the gateway's intent says. Idempotent, in any order of webhooks.

    `in_step`: in ProcessPayment, which is repeated until it has published what it stored.
    """
    if intent.status == IntentStatus.CAPTURED:
        _sync_capture(payment, intent, in_step)
    elif not payment.is_open or _is_before_confirmation(payment, intent):
        return
    elif intent.status == IntentStatus.CANCELLED:
        reason = "the payment was cancelled at the payment gateway"
        payment.transition(PaymentStatus.FAILED, reason=reason)
    elif intent.status == IntentStatus.DECLINED and not payment.chosen_later:
        _sync_decline(payment, intent)
    elif _action_changed(payment, intent):
        _require_action(payment, intent)


def publish_success(payment: Payment) -> None:
    """Publish PaymentSuccess. Idempotent: a repeat has the same event id."""
    event = events.create(
        events.PaymentSuccess,
        order_id=payment.order_id,
        user_id=payment.user_id or "",
        payment_id=payment.payment_id,
        amount=money.decimal(payment.amount_minor, payment.currency),
        currency=payment.currency,
    )
    events.publish(event)


def _sync_capture(payment: Payment, intent: Intent, in_step: bool) -> None:
    if payment.is_open:
        _mark_captured(payment, intent, in_step)
    if payment.status == PaymentStatus.SUCCEEDED and (in_step or not payment.captured_in_step):
        publish_success(payment)  # on a repeat, too: the first run may have crashed before it
    elif payment.status in _UNDONE:
        enqueue_refund(payment.order_id, payment.reason or "charged after it was undone")


def _mark_captured(payment: Payment, intent: Intent, in_step: bool) -> None:
    """Mark the payment SUCCEEDED, or FAILED if another amount was captured."""
    if (intent.received, intent.currency) == (payment.amount_minor, payment.currency):
        payment.transition(
            PaymentStatus.SUCCEEDED,
            reason=None,
            next_action=None,
            client_secret=None,
            captured_in_step=in_step or None,
        )
        metrics.count_capture()
        return
    log.logger.error(
        "captured another amount",
        extra={"orderId": payment.order_id, "got": f"{intent.received} {intent.currency}"},
    )
    reason = "another amount was paid than the order costs; it is refunded"
    payment.transition(PaymentStatus.FAILED, reason=reason, next_action=None)


def _sync_decline(payment: Payment, intent: Intent) -> None:
    """Mark the payment FAILED. A soft decline leaves it STARTED."""
    if not is_retryable(payment, intent):
        _count_decline(payment)
        payment.transition(PaymentStatus.FAILED, reason=intent.decline, next_action=None)
        metrics.count_decline(intent)


def _require_action(payment: Payment, intent: Intent) -> None:
    if intent.status == IntentStatus.DECLINED:
        _count_decline(payment)
    payment.transition(
        PaymentStatus.REQUIRES_ACTION,
        reason=intent.decline,
        next_action=intent.action,
        client_secret=intent.client_secret or payment.client_secret,
        with_customer=_is_with_customer(payment, intent),
    )
    if intent.status == IntentStatus.DECLINED:
        metrics.count_decline(intent)


def _count_decline(payment: Payment) -> None:
    """Count the attempt towards the limit. Idempotent, so it precedes the write."""
    if payment.user_id:
        attempt_id = f"{payment.payment_id}:{payment.attempt}"
        card_limits.count_decline(attempt_id, payment.user_id)


def _is_before_confirmation(payment: Payment, intent: Intent) -> bool:
    """Whether process_payment is between creating and confirming the intent.

    Webhooks of that moment must not move the payment to REQUIRES_ACTION.
    """
    is_starting = payment.status == PaymentStatus.STARTED and bool(payment.payment_method)
    return is_starting and intent.status == IntentStatus.NEW


def _action_changed(payment: Payment, intent: Intent) -> bool:
    """Whether there is anything to store: webhooks come more than once."""
    action: Any = payment.next_action.as_dict() if payment.next_action else None
    current = (payment.status, payment.reason, action, payment.with_customer)
    stated = (intent.decline, intent.action, _is_with_customer(payment, intent))
    return current != (PaymentStatus.REQUIRES_ACTION, *stated)


def _is_with_customer(payment: Payment, intent: Intent) -> bool | None:
    """Whether the customer acts, or has acted: not undone by a decline."""
    return payment.with_customer or intent.status in _WITH_CUSTOMER or None
