"""A saga that waits for its payment: the token that wakes it, and the news that do.

Whoever brings a payment on writes the row first and then looks for a token; whoever brings a token writes it first and then looks at
the payment. Both write conditionally on the version they read, so one of them sees the other and no wake-up is lost.
"""

import json
from typing import Any

from chalicelib.checkout import sagas
from chalicelib.payments import gateway
from chalicelib.payments.errors import GatewayUnavailable
from chalicelib.payments.gateway import Webhook
from chalicelib.payments.models import (
    FAILED,
    REFUNDED,
    SUCCEEDED,
    VOIDED,
    Payment,
    again_if_contended,
    find,
)
from chalicelib.payments.schemas import Wait
from chalicelib.payments.service import follow
from chalicelib.payments.undoing import order_refund, refund_payment
from common import aws, log

_GONE = ("TaskTimedOut", "TaskDoesNotExist", "InvalidToken")
_CANCELLED = "OrderCancelled"


@again_if_contended
def await_payment(wait: Wait) -> str:
    """Have the saga woken as soon as the payment is made or given up: at once, if it already is. Safe to repeat."""
    payment = find(wait.order_id)
    if payment and payment.is_open:
        payment.keep(task_token=wait.task_token)
        if payment.intent_id:
            _look_at_gateway(payment)
    wake(payment, wait.task_token)
    return payment.status if payment else VOIDED


@again_if_contended
def hear(webhook: Webhook) -> None:
    """Take note of what the gateway says has changed: the row follows the gateway, and the waiting saga is woken.

    The gateway sends repeats, late and out of order; what counts is what it answers now. News of what the shop does not know are
    logged. Raises GatewayUnavailable: its message then comes again.
    """
    payment = find(webhook.order_id) if webhook.order_id else None
    log.bind_context(payment)
    if payment is None or webhook.intent_id is None or payment.intent_id != webhook.intent_id:
        log.logger.warning(
            "a webhook about no payment of ours",
            extra={"kind": webhook.kind, "intent": webhook.intent_id},
        )
        return
    follow(payment, gateway.named(payment.gateway).retrieve(payment.intent_id))
    wake(payment, payment.task_token)


def cancel_payment(order_id: str) -> None:
    """After the customer cancelled: nothing is or stays captured, and a waiting saga goes on at once, to free the stock."""
    payment = refund_payment(order_id, "the order was cancelled")
    if payment.task_token:
        fail_task(payment.task_token, _CANCELLED, "the customer cancelled the order")


def wake(payment: Payment | None, token: str | None) -> None:
    """Tell the saga that waits with this token how the payment ended, if it did."""
    if not token or (payment and payment.is_open):
        return
    if payment is None:
        fail_task(token, "PaymentVoided", "there is no such payment")
    elif payment.status != SUCCEEDED:
        error = "PaymentDeclined" if payment.status == FAILED else "PaymentVoided"
        fail_task(token, error, payment.reason or "the payment was undone")
    elif not succeed_task(token, answer(payment)):
        forsaken(payment)


def forsaken(payment: Payment) -> None:
    """Nobody waits any more for this captured payment. Usually it is a repeat: the saga went on, or undoes the payment itself.

    Only where the saga was stopped from outside is there nobody left to do that; and it may have confirmed the order before.
    """
    if sagas.was_stopped(payment.order_id):
        order_refund(payment.order_id, "the checkout was stopped", unless_bought=True)


def answer(payment: Payment) -> dict[str, Any]:
    """What the saga gets to know of a payment."""
    status = "SUCCESS" if payment.status == SUCCEEDED else payment.status
    return {"paymentId": payment.payment_id, "status": status, "paymentStatus": status}


def undone(payment: Payment) -> dict[str, Any]:
    """What the saga gets to know of a payment that was undone."""
    status = "REFUNDED" if payment.status == REFUNDED else "VOIDED"
    return {"paymentId": payment.payment_id, "status": status}


def succeed_task(token: str, output: dict[str, Any]) -> bool:
    """Wake the saga with this output; False if nobody waits with this token any more."""
    sfn = aws.client("stepfunctions")
    try:
        sfn.send_task_success(taskToken=token, output=json.dumps(output))
    except sfn.exceptions.ClientError as problem:
        return _nobody_waits(problem)
    return True


def fail_task(token: str, error: str, cause: str) -> bool:
    """Wake the saga with this error; False if nobody waits with this token any more."""
    sfn = aws.client("stepfunctions")
    try:
        sfn.send_task_failure(taskToken=token, error=error, cause=cause)
    except sfn.exceptions.ClientError as problem:
        return _nobody_waits(problem)
    return True


def _nobody_waits(problem: Any) -> bool:
    if problem.response["Error"]["Code"] not in _GONE:
        raise problem
    log.logger.info("nobody waits for this payment any more")
    return False


def _look_at_gateway(payment: Payment) -> None:
    """The customer may have paid while the saga was on its way here."""
    try:
        follow(payment, gateway.named(payment.gateway).retrieve(payment.intent_id))
    except GatewayUnavailable as problem:
        log.logger.info("the webhook will tell", extra={"problem": str(problem)})
