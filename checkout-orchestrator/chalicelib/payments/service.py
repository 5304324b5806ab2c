"""The verbs of a payment: charge it, and choose its payment method.

An order has one intent at one gateway. Its id is stored before it is confirmed, and the gateway
captures it at most once, so retrieving it tells the truth after any lost response.
Undoing stands in cancellation.py, refunds of confirmed orders in refunds.py.
"""

from chalicelib.card_limits import service as card_limits
from chalicelib.payments import metrics
from chalicelib.payments.attempts import add_attempt, call_gateway, first_attempt, is_retryable
from chalicelib.payments.errors import (
    AmountMismatch,
    PaymentContended,
    PaymentDeclined,
    PaymentExpired,
    PaymentInProgress,
    PaymentMethodFixed,
    PaymentRejected,
    PaymentVoided,
    SoftDecline,
)
from chalicelib.payments.gateways import limits
from chalicelib.payments.gateways.port import Intent, IntentStatus
from chalicelib.payments.gateways.registry import gateway_name_for, get_gateway
from chalicelib.payments.intent_sync import publish_success, sync_from_intent
from chalicelib.payments.models import (
    Payment,
    PaymentStatus,
    find_payment,
    payment_id,
    retry_on_conflict,
)
from chalicelib.payments.schemas import Charge
from common import log, money


@retry_on_conflict
def process_payment(charge: Charge) -> Payment:
    """Charge the order's total: the payment is then SUCCEEDED or REQUIRES_ACTION.

    Idempotent, also while another run is going on. Undone by cancellation.void_payment. After
    the order's offer has ended, a charge that was made before is still found.
    Raises: PaymentDeclined, SoftDecline, PaymentVoided, PaymentExpired, AmountMismatch,
    CurrencyNotAccepted, TotalTooSmall, PaymentRejected, GatewayUnavailable.
    """
    payment = _get_or_start_payment(charge)
    if payment.is_open:
        _validate_amount(payment, charge)
        _charge(payment)
    elif payment.status == PaymentStatus.SUCCEEDED:
        publish_success(payment)
    if payment.status == PaymentStatus.FAILED:
        raise PaymentDeclined(payment.reason or "the payment was declined")
    if payment.status == PaymentStatus.STARTED:
        raise SoftDecline("the bank asks to try again later")
    if payment.status not in (PaymentStatus.SUCCEEDED, PaymentStatus.REQUIRES_ACTION):
        raise PaymentVoided(payment.reason or "the payment was undone")
    return payment


def choose_payment_method(charge: Charge) -> Payment:
    """Charge a waiting order with this method, now or when the saga gets there.

    Idempotent. One call makes at most one attempt, also if its webhook is processed first.
    Raises: PaymentDeclined, which leaves the order waiting for another method;
    PaymentInProgress while another one is being charged; PaymentMethodFixed, TooManyAttempts,
    CurrencyNotAccepted, TotalTooSmall;
    PaymentVoided or PaymentExpired if nothing can be paid any more; GatewayUnavailable.
    """
    _validate_charge(charge)
    payment, is_due = _accept_choice(charge)
    return _make_attempt(payment) if is_due else payment


@retry_on_conflict
def _accept_choice(charge: Charge) -> tuple[Payment, bool]:
    """Store the chosen method, and whether it is to be charged now."""
    payment = find_payment(charge.order_id)
    if payment is None:
        return _start_payment(charge, chosen_later=True), False
    if payment.status == PaymentStatus.SUCCEEDED:
        return payment, False
    if not payment.is_open:
        raise PaymentVoided("this order can no longer be paid")
    if payment.gateway != gateway_name_for(charge.payment_method_type):
        raise PaymentMethodFixed(
            f"this order is paid by {payment.payment_method_type}; "
            "to pay otherwise, cancel it and order again"
        )
    if payment.status == PaymentStatus.STARTED:
        _defer_to_running_step(payment, charge)
        return payment, False
    if _is_repeat(payment, charge) and _sync_started_attempt(payment):
        return payment, False
    _require_offer(payment)
    _store_choice(payment, charge)
    return payment, True


def _make_attempt(payment: Payment) -> Payment:
    intent = _confirm_intent(payment)
    try:
        sync_from_intent(payment, intent)
    except PaymentContended:  # the webhook was faster
        payment = _sync_again(payment.order_id)
    if intent.status == IntentStatus.DECLINED:
        raise PaymentDeclined(intent.decline or "the payment was declined")
    return payment


@retry_on_conflict
def _sync_again(order_id: str) -> Payment:
    payment = find_payment(order_id)
    assert payment, "its attempt was stored"
    sync_from_intent(payment, _get_or_create_intent(payment))
    return payment


def _validate_charge(charge: Charge) -> None:
    """Raise CurrencyNotAccepted or TotalTooSmall before anything is started."""
    method, currency = charge.payment_method_type, charge.currency
    amount = money.minor(charge.amount, currency)
    limits.validate_amount(gateway_name_for(method), method, amount, currency)


def _get_or_start_payment(charge: Charge) -> Payment:
    """Store the payment, or return the stored one, which there mostly is not."""
    try:
        return _start_payment(charge)
    except PaymentContended:
        payment = find_payment(charge.order_id)
        if payment is None:
            raise
        return payment


def _start_payment(charge: Charge, chosen_later: bool = False) -> Payment:
    _validate_charge(charge)
    payment = Payment(
        payment_id(charge.order_id),
        order_id=charge.order_id,
        user_id=charge.user_id,
        amount_minor=money.minor(charge.amount, charge.currency),
        currency=charge.currency,
        payment_method_type=charge.payment_method_type,
        payment_method=charge.payment_method,
        chosen_later=chosen_later or charge.payment_method is None,
        gateway=gateway_name_for(charge.payment_method_type),
        status=PaymentStatus.STARTED,
        pay_by=charge.pay_by,
        correlation_id=log.correlation_id(),
    )
    payment.save_changes()
    return payment


def _validate_amount(payment: Payment, charge: Charge) -> None:
    requested = (money.minor(charge.amount, charge.currency), charge.currency)
    if (payment.amount_minor, payment.currency) != requested:
        raise AmountMismatch(
            f"{payment.order_id} is to be paid with {charge.amount} {charge.currency}, "
            "but was begun with another amount"
        )


def _require_offer(payment: Payment) -> None:
    """Raise PaymentExpired once the order's offer has ended."""
    if payment.is_overdue:
        raise PaymentExpired("it was not paid in time")


def _charge(payment: Payment) -> None:
    if payment.amount_minor == 0:
        _require_offer(payment)
        payment.transition(PaymentStatus.SUCCEEDED)  # gateways take no charge of nothing
        publish_success(payment)
        return
    if payment.payment_method and not payment.intent_id and _must_wait(payment):
        payment.transition(
            PaymentStatus.FAILED, reason="too many cards were declined; wait an hour"
        )
        return
    intent = _get_or_create_intent(payment)
    if payment.status == PaymentStatus.STARTED and payment.payment_method:
        intent = _confirm_if_due(payment, intent)
    sync_from_intent(payment, intent, in_step=True)


def _must_wait(payment: Payment) -> bool:
    """Whether too many cards of the customer were declined, in any order."""
    return payment.user_id is not None and card_limits.find_wait(payment.user_id) > 0


def _confirm_if_due(payment: Payment, intent: Intent) -> Intent:
    """Confirm an intent that was not confirmed yet, or again after a soft decline."""
    if intent.status == IntentStatus.NEW:
        return _confirm_intent(payment)
    if intent.status == IntentStatus.DECLINED and is_retryable(payment, intent):
        add_attempt(payment, soft_declines=payment.soft_declines + 1)
        metrics.count_decline(intent)
        return _confirm_intent(payment)
    return intent


def _get_or_create_intent(payment: Payment) -> Intent:
    """Retrieve the payment's intent, or create it and store its id.

    Raises: PaymentRejected if the gateway's intent has another amount.
    """
    gateway = get_gateway(payment.gateway)
    if payment.intent_id:
        return gateway.retrieve_intent(payment.intent_id)
    _require_offer(payment)
    intent = call_gateway(
        payment,
        lambda: gateway.create_intent(
            payment.order_id,
            payment.amount_minor,
            payment.currency,
            payment.payment_method_type,
            key=f"{payment.order_id}:create:{payment.attempt}",
        ),
    )
    if (intent.amount, intent.currency) != (payment.amount_minor, payment.currency):
        raise PaymentRejected(
            f"the gateway made an intent of {intent.amount} {intent.currency}: {intent.id}"
        )
    payment.save_changes(
        intent_id=intent.id, client_secret=intent.client_secret, attempts=first_attempt(payment)
    )
    return intent


def _confirm_intent(payment: Payment) -> Intent:
    """Charge the payment method. Raises: PaymentExpired."""
    _require_offer(payment)
    gateway = get_gateway(payment.gateway)
    return call_gateway(
        payment,
        lambda: gateway.confirm_intent(
            payment.intent_id,
            payment.payment_method,
            payment.payment_method_type,
            key=f"{payment.order_id}:confirm:{payment.attempt}",
        ),
    )


def _defer_to_running_step(payment: Payment, charge: Charge) -> None:
    """Leave the payment method for process_payment, which is running.

    It writes the row before it ends, and reads it again if it was changed meanwhile.
    """
    if payment.payment_method == charge.payment_method:
        return
    if payment.payment_method:
        raise PaymentInProgress("this order is just being paid; look again in a moment")
    _store_choice(payment, charge)


def _store_choice(payment: Payment, charge: Charge) -> None:
    """Store the chosen payment method, as another attempt with its own key."""
    payment.payment_method = charge.payment_method
    add_attempt(
        payment,
        payment_method_type=charge.payment_method_type,
        chosen_later=True,
        reason=None,
    )


def _sync_started_attempt(payment: Payment) -> bool:
    """Sync a payment that has begun. False if it has not, or was declined."""
    intent = _get_or_create_intent(payment)
    if intent.status in (IntentStatus.NEW, IntentStatus.DECLINED):
        return False
    sync_from_intent(payment, intent)
    return True


def _is_repeat(payment: Payment, charge: Charge) -> bool:
    requested = (charge.payment_method, charge.payment_method_type)
    return (payment.payment_method, payment.payment_method_type) == requested
