"""The consumer's side of payment-retry-queue: charges that wait for the gateway or the bank, and refunds that must not get lost."""

from collections.abc import Callable
from typing import Any

from chalicelib.checkout import lambdas
from chalicelib.checkout.models import BOUGHT
from chalicelib.payments import service, undoing, waiting
from chalicelib.payments.errors import (
    AmountMismatch,
    GatewayUnavailable,
    PaymentDeclined,
    PaymentPostponed,
    PaymentRejected,
    PaymentVoided,
)
from chalicelib.payments.models import SUCCEEDED
from chalicelib.payments.schemas import ChargeAgain, Refund
from common import queues, step_input

_FIRST_SECONDS = 5
_LONGEST_SECONDS = 300
_CHARGE_TRIES = 9  # together longer than the saga waits
_REFUND_TRIES = 24  # about two hours, then the dead-letter queue and its alarm


class ActionUnknown(Exception):
    """A message asks for something that nobody here does."""


def retry(message: dict[str, Any]) -> None:
    """Do what the message asks; while the gateway is down or the bank undecided, ask again later, ever more rarely.

    Raises GatewayUnavailable for a refund that was tried for two hours: it belongs in the dead-letter queue, with its alarm.
    """
    actions: dict[Any, Callable[[dict[str, Any]], None]] = {"charge": _charge, "refund": _refund}
    if message.get("action") not in actions:
        raise ActionUnknown(f"action: expected charge or refund, got {message.get('action')!r}")
    actions[message["action"]](message)


def _charge(message: dict[str, Any]) -> None:
    """Charge, and tell the saga; for one that gave up waiting, nothing is charged: it has marked the payment."""
    charge = step_input.parse(ChargeAgain, message)
    try:
        payment = service.process_payment(charge)
    except (GatewayUnavailable, PaymentPostponed) as problem:
        if charge.tries + 1 < _CHARGE_TRIES:
            return _later(message, charge.tries)
        waiting.fail_task(charge.task_token, type(problem).__name__, str(problem))
    except (PaymentDeclined, PaymentVoided, PaymentRejected, AmountMismatch) as problem:
        waiting.fail_task(charge.task_token, type(problem).__name__, str(problem))
    else:
        woken = waiting.succeed_task(charge.task_token, waiting.answer(payment))
        if not woken and payment.status == SUCCEEDED:
            waiting.forsaken(payment)


def _refund(message: dict[str, Any]) -> None:
    refund = step_input.parse(Refund, message)
    if refund.unless_bought and not _given_up(refund):
        return
    try:
        undoing.refund_payment(refund.order_id, refund.reason)
    except GatewayUnavailable:
        if refund.tries + 1 >= _REFUND_TRIES:
            raise
        _later(message, refund.tries)


def _given_up(refund: Refund) -> bool:
    """Whether the order has failed, by now at the latest: its row decides, and a saga that is redriven later meets that."""
    failure = {"orderId": refund.order_id, "status": "FAILED", "reason": refund.reason}
    return lambdas.call("order-service", "fail-order", failure)["status"] not in BOUGHT


def _later(message: dict[str, Any], tries: int) -> None:
    """Once more, after a pause that doubles: the queue's own five deliveries would be over too soon."""
    pause = min(_FIRST_SECONDS * 2**tries, _LONGEST_SECONDS)
    queues.send(undoing.RETRY_QUEUE, {**message, "tries": tries + 1}, delay=pause)
