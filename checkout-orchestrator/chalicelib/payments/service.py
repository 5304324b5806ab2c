"""The verbs of a payment: charge, choose a payment method, follow the gateway.

Money is never in doubt: an order has one intent at one gateway, whose id is on its row before it is confirmed, and which the gateway
captures at most once. Whatever answer is lost, the intent tells the truth. Undoing stands in undoing.py.
"""

from typing import Any

from chalicelib.payments import gateway, measures
from chalicelib.payments.attempts import another, ask, first
from chalicelib.payments.errors import (
    AmountMismatch,
    PaymentDeclined,
    PaymentInProgress,
    PaymentMethodFixed,
    PaymentPostponed,
    PaymentRejected,
    PaymentVoided,
)
from chalicelib.payments.gateway import Intent
from chalicelib.payments.models import (
    FAILED,
    REQUIRES_ACTION,
    STARTED,
    SUCCEEDED,
    VOIDED,
    Payment,
    again_if_contended,
    find,
    payment_id,
)
from chalicelib.payments.schemas import Charge
from chalicelib.payments.undoing import order_refund
from common import events, log, money

_SOFT_DECLINES = 4  # then a decline that may pass by itself counts like any other


@again_if_contended
def process_payment(charge: Charge) -> Payment:
    """Charge the order's total, or find out that the customer must act first: the answer is SUCCEEDED or REQUIRES_ACTION.

    Raises PaymentDeclined, PaymentPostponed if the bank may say yes a little later, PaymentVoided if the order was undone meanwhile,
    AmountMismatch, PaymentRejected, GatewayUnavailable. Announces PaymentSuccess. Safe to repeat at any time, also while another
    run of it is still going on. Undone by undoing.refund_payment.
    """
    payment = find(charge.order_id) or _start(charge)
    if payment.is_open:
        _insist_on_amount(payment, charge)
        _go_on(payment)
    elif payment.status == SUCCEEDED:
        _announce(payment)
    if payment.status == FAILED:
        raise PaymentDeclined(payment.reason or "the payment was declined")
    if payment.status == STARTED:
        raise PaymentPostponed("the bank asks to try again later")
    if payment.status not in (SUCCEEDED, REQUIRES_ACTION):
        raise PaymentVoided(payment.reason or "the payment was undone")
    return payment


@again_if_contended
def choose_method(owed: Charge) -> Payment:
    """Pay a waiting order with this payment method, now if the saga waits for it, else as soon as it comes to it.

    Raises PaymentDeclined, which leaves the order waiting for another payment method; PaymentInProgress while another is being
    charged; PaymentMethodFixed, TooManyAttempts; PaymentVoided if there is nothing to pay any more; GatewayUnavailable. Safe to repeat.
    """
    payment = find(owed.order_id)
    if payment is None:
        return _start(owed, chosen_later=True)
    if payment.status == SUCCEEDED:
        return payment
    if not payment.is_open:
        raise PaymentVoided("this order can no longer be paid")
    if payment.gateway != gateway.for_method(owed.method):
        raise PaymentMethodFixed(
            f"this order is paid by {payment.method}; to pay otherwise, cancel it and order again"
        )
    if payment.status == STARTED:
        _hand_over(payment, owed)
        return payment
    return _pay_waiting(payment, owed)


def follow(payment: Payment, intent: Intent) -> None:
    """Bring the row to where the gateway is. Repeats, and news that came late, change nothing."""
    if intent.status == gateway.CAPTURED:
        _captured(payment, intent)
    elif not payment.is_open or _is_about_to_be_confirmed(payment, intent):
        return
    elif intent.status == gateway.CANCELLED:
        payment.move(FAILED, reason="the payment was cancelled at the payment gateway")
    elif intent.status == gateway.DECLINED and not payment.chosen_later:
        if not _may_pass(payment, intent):
            payment.move(FAILED, reason=intent.decline, next_action=None)
            measures.declined(intent)
    elif _waits_differently(payment, intent):
        payment.move(
            REQUIRES_ACTION,
            reason=intent.decline,
            next_action=intent.action,
            client_secret=intent.client_secret or payment.client_secret,
        )
        if intent.status == gateway.DECLINED:
            measures.declined(intent)


def _start(charge: Charge, chosen_later: bool = False) -> Payment:
    payment = Payment(
        payment_id(charge.order_id),
        order_id=charge.order_id,
        user_id=charge.user_id,
        amount_minor=money.minor(charge.amount, charge.currency),
        currency=charge.currency,
        method=charge.method,
        payment_method=charge.payment_method,
        chosen_later=chosen_later or charge.payment_method is None,
        gateway=gateway.for_method(charge.method),
        status=STARTED,
        correlation_id=log.correlation_id(),
    )
    payment.keep()
    return payment


def _insist_on_amount(payment: Payment, charge: Charge) -> None:
    asked = (money.minor(charge.amount, charge.currency), charge.currency)
    if (payment.amount_minor, payment.currency) != asked:
        raise AmountMismatch(
            f"{payment.order_id} is to be paid with {charge.amount} {charge.currency}, but was begun with another amount"
        )


def _go_on(payment: Payment) -> None:
    if payment.amount_minor == 0:
        payment.move(SUCCEEDED)  # the gateway takes no charge of nothing
        _announce(payment)
    else:
        follow(payment, _attempted(payment))


def _attempted(payment: Payment) -> Intent:
    """The payment's intent, confirmed if that has not been tried. A waiting payment is the customer's to confirm."""
    intent = _intent_of(payment)
    if payment.status != STARTED or not payment.payment_method:
        return intent
    if intent.status == gateway.NEW:
        return _confirmed(payment)
    if intent.status == gateway.DECLINED and _may_pass(payment, intent):
        another(payment, soft_declines=payment.soft_declines + 1)
        measures.declined(intent)
        return _confirmed(payment)
    return intent


def _intent_of(payment: Payment) -> Intent:
    """The payment's intent, made now if it was not; PaymentRejected if the gateway made one of another amount."""
    at = gateway.named(payment.gateway)
    if payment.intent_id:
        return at.retrieve(payment.intent_id)
    key = f"{payment.order_id}:create:{payment.attempt}"
    intent = ask(
        payment,
        lambda: at.create(
            payment.order_id, payment.amount_minor, payment.currency, payment.method, key
        ),
    )
    if (intent.amount, intent.currency) != (payment.amount_minor, payment.currency):
        raise PaymentRejected(
            f"the gateway made an intent of {intent.amount} {intent.currency}: {intent.id}"
        )
    payment.keep(intent_id=intent.id, client_secret=intent.client_secret, attempts=first(payment))
    return intent


def _confirmed(payment: Payment) -> Intent:
    key, at = f"{payment.order_id}:confirm:{payment.attempt}", gateway.named(payment.gateway)
    return ask(
        payment, lambda: at.confirm(payment.intent_id, payment.payment_method, payment.method, key)
    )


def _may_pass(payment: Payment, intent: Intent) -> bool:
    """Whether the bank may say yes to the same payment method a little later."""
    return intent.is_soft and payment.soft_declines < _SOFT_DECLINES


def _hand_over(payment: Payment, owed: Charge) -> None:
    """Leave the payment method for process_payment, which is under way and writes the row before it ends."""
    if payment.payment_method == owed.payment_method:
        return
    if payment.payment_method:
        raise PaymentInProgress("this order is just being paid; look again in a moment")
    _choose(payment, owed)


def _choose(payment: Payment, owed: Charge) -> None:
    """With another attempt, as an idempotency key stands for one payment method; it has not been declined yet."""
    payment.payment_method = owed.payment_method
    another(payment, method=owed.method, chosen_later=True, reason=None)


def _pay_waiting(payment: Payment, owed: Charge) -> Payment:
    if (payment.payment_method, payment.method) == (owed.payment_method, owed.method):
        intent = _intent_of(payment)
        if intent.status not in (gateway.NEW, gateway.DECLINED):
            follow(
                payment, intent
            )  # a repeat, while the customer is at the bank or has just come back
            return payment
    _choose(payment, owed)
    intent = _confirmed(payment)
    follow(payment, intent)
    if intent.status == gateway.DECLINED:
        raise PaymentDeclined(intent.decline or "the payment was declined")
    return payment


def _captured(payment: Payment, intent: Intent) -> None:
    if payment.is_open:
        _take_note(payment, intent)
    if payment.status == SUCCEEDED:
        _announce(payment)
    elif payment.status in (VOIDED, FAILED):
        order_refund(payment.order_id, payment.reason or "charged after it was undone")


def _take_note(payment: Payment, intent: Intent) -> None:
    """The money is there; if it is not what the order costs, it goes back, and the order has failed."""
    if (intent.received, intent.currency) == (payment.amount_minor, payment.currency):
        payment.move(SUCCEEDED, reason=None, next_action=None, client_secret=None)
        measures.captured()
        return
    log.logger.error(
        "captured another amount",
        extra={"orderId": payment.order_id, "got": f"{intent.received} {intent.currency}"},
    )
    payment.move(
        FAILED,
        reason="another amount was paid than the order costs; it is given back",
        next_action=None,
    )


def _announce(payment: Payment) -> None:
    """Tell the bus; again on a repeat, as the first time may not have got through. The event's id stays the same."""
    events.publish(
        events.create(
            events.PaymentSuccess,
            order_id=payment.order_id,
            user_id=payment.user_id or "",
            payment_id=payment.payment_id,
            amount=money.decimal(payment.amount_minor, payment.currency),
            currency=payment.currency,
        )
    )


def _is_about_to_be_confirmed(payment: Payment, intent: Intent) -> bool:
    """News of an intent that process_payment has made and not confirmed yet: it must not look as if the customer had to act."""
    return (
        payment.status == STARTED and bool(payment.payment_method) and intent.status == gateway.NEW
    )


def _waits_differently(payment: Payment, intent: Intent) -> bool:
    """Whether there is anything to write: webhooks repeat themselves."""
    known: Any = payment.next_action.as_dict() if payment.next_action else None
    return (payment.status, payment.reason, known) != (
        REQUIRES_ACTION,
        intent.decline,
        intent.action,
    )
