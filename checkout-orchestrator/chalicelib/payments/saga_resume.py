"""The saga that waits for its payment: its task token, and how it is resumed.

A run that changes the payment stores that first and then reads the token; a run that brings a
token stores it first and then reads the payment. Both write with an optimistic lock, so one of
them sees the other, and no resumption is lost.
"""

import msgspec

from chalicelib.payments.cancellation import enqueue_refund
from chalicelib.payments.errors import GatewayUnavailable
from chalicelib.payments.gateways.registry import get_gateway
from chalicelib.payments.intent_sync import sync_from_intent
from chalicelib.payments.models import (
    Payment,
    PaymentStatus,
    find_payment,
    retry_on_conflict,
)
from chalicelib.payments.schemas import AwaitPayment, AwaitResult, PaymentResult, VoidResult
from chalicelib.saga import executions, task_tokens
from common import log


@retry_on_conflict
def await_payment(request: AwaitPayment) -> AwaitResult:
    """Have the saga resumed when the payment has ended. Idempotent."""
    payment = find_payment(request.order_id)
    if payment and payment.is_open:
        payment.save_changes(task_token=request.task_token)
        if payment.intent_id:
            _sync_early_payment(payment)
    resume_saga(payment, request.task_token)
    return AwaitResult(payment.status if payment else PaymentStatus.VOIDED)


def resume_saga(payment: Payment | None, token: str | None) -> None:
    """Resume the saga with this token, if the payment has ended. Idempotent."""
    if not token or (payment and payment.is_open):
        return
    if payment is None:
        task_tokens.send_failure(token, "PaymentVoided", "there is no such payment")
    elif payment.status != PaymentStatus.SUCCEEDED:
        is_declined = payment.status == PaymentStatus.FAILED
        error = "PaymentDeclined" if is_declined else "PaymentVoided"
        task_tokens.send_failure(token, error, payment.reason or "the payment was undone")
    else:
        was_resumed = task_tokens.send_success(token, msgspec.to_builtins(step_result(payment)))
        if not was_resumed:
            refund_if_orphaned(payment)


def refund_if_orphaned(payment: Payment) -> None:
    """Refund a captured payment whose saga was stopped from outside.

    Else the saga went on, or undoes the payment itself. A stopped saga can have confirmed the
    order before, so the order is failed first. Idempotent.
    """
    if executions.was_stopped(payment.order_id):
        enqueue_refund(payment.order_id, "the checkout was stopped", unless_paid=True)


def step_result(payment: Payment) -> PaymentResult:
    """The result of the saga steps ProcessPayment and AwaitPayment."""
    is_paid = payment.status == PaymentStatus.SUCCEEDED
    status = "SUCCESS" if is_paid else str(payment.status)
    return PaymentResult(payment.payment_id, status, status, is_paid or payment.has_method)


def void_result(payment: Payment) -> VoidResult:
    """The result of the saga step RefundPayment."""
    status = "REFUNDED" if payment.status == PaymentStatus.REFUNDED else "VOIDED"
    return VoidResult(payment.payment_id, status)


def _sync_early_payment(payment: Payment) -> None:
    """Look for a payment that was made before the saga began to wait."""
    try:
        intent = get_gateway(payment.gateway).retrieve_intent(payment.intent_id)
        sync_from_intent(payment, intent)
    except GatewayUnavailable as exc:
        log.logger.info("left to the webhook", extra={"error": str(exc)})
