"""How often a gateway was asked to charge an order, and with what: on the row before it is asked."""

from collections.abc import Callable
from typing import Any, TypeVar

from chalicelib.payments.errors import GatewayUnavailable, PaymentContended, TooManyAttempts
from chalicelib.payments.models import Attempt, Payment
from common import clock, log

_MOST = 20

Answer = TypeVar("Answer")


def first(payment: Payment) -> list[Attempt]:
    """The attempt that is about to be made; nothing, while the customer has not chosen a payment method."""
    return [_attempt(payment, payment.attempt)] if payment.payment_method else []


def another(payment: Payment, **changes: Any) -> None:
    """Note a further attempt, with further changes, before it is made. Raises TooManyAttempts, PaymentContended."""
    if len(payment.attempts) >= _MOST:
        raise TooManyAttempts("too many payment methods were tried for this order; order again")
    number = payment.attempt + 1
    payment.keep(attempt=number, attempts=[*payment.attempts, _attempt(payment, number)], **changes)


def ask(payment: Payment, verb: Callable[[], Answer]) -> Answer:
    """What the gateway answers; after a failure that it remembers under the idempotency key, the next try has another one."""
    try:
        return verb()
    except GatewayUnavailable as problem:
        if problem.answered:
            _with_a_new_key(payment)
        raise


def _with_a_new_key(payment: Payment) -> None:
    try:
        payment.keep(attempt=payment.attempt + 1)
    except PaymentContended:
        log.logger.info("another run goes on with this payment")


def _attempt(payment: Payment, number: int) -> Attempt:
    return Attempt(number=number, payment_method=payment.payment_method, begun_at=clock.now())
