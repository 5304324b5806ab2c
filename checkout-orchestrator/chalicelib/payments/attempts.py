"""The attempts to charge an order, each stored before the gateway is called."""

from collections.abc import Callable
from typing import Any, TypeVar

from chalicelib.payments.errors import GatewayUnavailable, PaymentContended, TooManyAttempts
from chalicelib.payments.gateways.port import Intent
from chalicelib.payments.models import Attempt, Payment
from common import clock, log

MAX_ATTEMPTS = 20
MAX_SOFT_DECLINES = 4  # after which a soft decline counts as a decline

Result = TypeVar("Result")


def first_attempt(payment: Payment) -> list[Attempt]:
    """The first attempt, or none while no payment method is chosen."""
    return [_attempt(payment, payment.attempt)] if payment.payment_method else []


def add_attempt(payment: Payment, **changes: Any) -> None:
    """Store a further attempt, with further changes, before it is made.

    Raises: TooManyAttempts, PaymentContended.
    """
    if len(payment.attempts) >= MAX_ATTEMPTS:
        raise TooManyAttempts("too many payment methods were tried for this order; order again")
    number = payment.attempt + 1
    attempts = [*payment.attempts, _attempt(payment, number)]
    payment.save_changes(attempt=number, attempts=attempts, **changes)


def is_retryable(payment: Payment, intent: Intent) -> bool:
    """Whether the bank may accept the same payment method a little later."""
    return intent.is_soft and payment.soft_declines < MAX_SOFT_DECLINES


def call_gateway(payment: Payment, verb: Callable[[], Result]) -> Result:
    """Call the gateway with an idempotency key made from the payment's attempt.

    After a failure that the gateway repeats to the same key, the next call has another one.
    """
    try:
        return verb()
    except GatewayUnavailable as exc:
        if exc.answered:
            _change_idempotency_key(payment)
        raise


def _change_idempotency_key(payment: Payment) -> None:
    try:
        payment.save_changes(attempt=payment.attempt + 1)
    except PaymentContended:
        log.logger.info("another run goes on with this payment")


def _attempt(payment: Payment, number: int) -> Attempt:
    return Attempt(number=number, payment_method=payment.payment_method, begun_at=clock.now())
