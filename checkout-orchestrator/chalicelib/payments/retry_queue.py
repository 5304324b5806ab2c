"""The consumer of payment-retry-queue: charges and refunds, with backoff."""

from collections.abc import Callable
from typing import Any

import msgspec

from chalicelib.payments import cancellation, saga_resume, service
from chalicelib.payments.errors import (
    AmountMismatch,
    CurrencyNotAccepted,
    GatewayUnavailable,
    PaymentDeclined,
    PaymentExpired,
    PaymentRejected,
    PaymentVoided,
    SoftDecline,
    TotalTooSmall,
)
from chalicelib.payments.models import PaymentStatus
from chalicelib.payments.schemas import RetryCharge, VoidPayment
from chalicelib.readmodels.orders import PAID_STATUSES, OrderStatus
from chalicelib.saga import lambdas, task_tokens
from common import queues, step_input

# Backoff by the queue's delay: its own five deliveries would be over too soon.
_PAUSE_SECONDS = 5
_MAX_PAUSE_SECONDS = 300
_MAX_CHARGE_TRIES = 9  # together longer than the saga waits
_MAX_REFUND_TRIES = 24  # about two hours, then the dead-letter queue and its alarm


class ActionUnknown(Exception):
    """A message asks for an action that does not exist."""


def process_message(message: dict[str, Any]) -> None:
    """Charge or refund, or enqueue it again while gateway or bank cannot.

    Raises: ActionUnknown; GatewayUnavailable for a refund that was retried for two hours, and
    PaymentRejected, so that the message becomes a dead letter, with its alarm.
    """
    actions: dict[Any, Callable[[dict[str, Any]], None]] = {
        "charge": _retry_charge,
        "refund": _retry_refund,
    }
    action = actions.get(message.get("action"))
    if action is None:
        raise ActionUnknown(f"action: expected charge or refund, got {message.get('action')!r}")
    action(message)


def _retry_charge(message: dict[str, Any]) -> None:
    """Charge and resume the saga. One that timed out has voided the payment."""
    charge = step_input.parse(RetryCharge, message)
    try:
        payment = service.process_payment(charge)
    except (GatewayUnavailable, SoftDecline) as exc:
        if charge.tries + 1 < _MAX_CHARGE_TRIES:
            _enqueue_again(message, charge.tries)
            return
        task_tokens.send_failure(charge.task_token, type(exc).__name__, str(exc))
    except (
        PaymentDeclined,
        PaymentVoided,
        PaymentExpired,
        PaymentRejected,
        AmountMismatch,
        CurrencyNotAccepted,
        TotalTooSmall,
    ) as exc:
        task_tokens.send_failure(charge.task_token, type(exc).__name__, str(exc))
    else:
        result = msgspec.to_builtins(saga_resume.step_result(payment))
        was_resumed = task_tokens.send_success(charge.task_token, result)
        if not was_resumed and payment.status == PaymentStatus.SUCCEEDED:
            saga_resume.refund_if_orphaned(payment)


def _retry_refund(message: dict[str, Any]) -> None:
    request = step_input.parse(VoidPayment, message)
    if request.unless_paid and _fail_order(request) in PAID_STATUSES:
        return
    try:
        cancellation.void_payment(request.order_id, request.reason)
    except GatewayUnavailable:
        if request.tries + 1 >= _MAX_REFUND_TRIES:
            raise
        _enqueue_again(message, request.tries)


def _fail_order(request: VoidPayment) -> str:
    """Fail the order unless it has ended, and return its status."""
    step = {
        "orderId": request.order_id,
        "status": OrderStatus.FAILED,
        "reason": request.reason,
    }
    return str(lambdas.invoke("order-service", "fail-order", step)["status"])


def _enqueue_again(message: dict[str, Any], tries: int) -> None:
    pause = min(_PAUSE_SECONDS * 2**tries, _MAX_PAUSE_SECONDS)
    queues.send(cancellation.RETRY_QUEUE, {**message, "tries": tries + 1}, delay=pause)
