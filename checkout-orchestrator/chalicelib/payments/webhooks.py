"""Webhooks of the gateways: stored once by event id, queued, then processed."""

from typing import Any

import msgspec

from chalicelib.discrepancies.models import Discrepancy, Kind
from chalicelib.discrepancies.tickets import escalate
from chalicelib.payments.disputes import sync_dispute
from chalicelib.payments.gateways.port import Webhook, intent_key
from chalicelib.payments.gateways.registry import get_gateway
from chalicelib.payments.intent_sync import sync_from_intent
from chalicelib.payments.models import Payment, WebhookEvent, find_payment, retry_on_conflict
from chalicelib.payments.refund_sync import sync_refunds
from chalicelib.payments.saga_resume import resume_saga
from common import clock, dynamodb, log, queues, step_input

QUEUE = "payment-webhook-queue"
_TTL_SECONDS = 100 * 24 * 3600  # longer than a dead letter, an archive or an execution lasts


def receive(webhook: Webhook) -> None:
    """Store the event and enqueue it, so that the gateway can be answered.

    Idempotent: a repeat of a processed event ends here. One of an event that was not processed is
    enqueued again, in case a crash prevented that.
    """
    log.bind_context(webhook)
    event = _get_or_store_event(webhook)
    if event.handled_at is None:
        message = {**msgspec.to_builtins(webhook), "correlationId": log.correlation_id()}
        queues.send(QUEUE, message)


def process(message: dict[str, Any]) -> None:
    """Process a received event: sync the payment and its refunds.

    Idempotent. Raises: as handle_event.
    """
    webhook = step_input.parse(Webhook, message)
    event = dynamodb.find(WebhookEvent, _event_key(webhook)) or _get_or_store_event(webhook)
    if event.handled_at is not None:
        return
    is_synced = handle_event(webhook)
    if webhook.failed_refund and not is_synced:
        escalate(_failed_refund(webhook))
    event.update([WebhookEvent.handled_at.set(clock.now())])


@retry_on_conflict
def handle_event(webhook: Webhook) -> bool:
    """Sync the payment from its intent, and resume the saga that waits for it.

    Idempotent: webhooks come more than once, late and out of order, so the intent is retrieved.
    A webhook about no payment of the shop is logged. Returns whether refunds were synced.
    Raises: GatewayUnavailable.
    """
    payment = _find_payment(webhook)
    log.bind_context(payment)
    if payment is None or payment.intent_id is None:
        log.logger.warning(
            "a webhook about no payment of ours",
            extra={"kind": webhook.kind, "intent": webhook.intent_id},
        )
        return False
    if webhook.dispute_id:
        sync_dispute(payment, webhook.dispute_id)
        return False
    if webhook.is_about_refund:
        return _sync_refunds(payment, webhook)
    intent = get_gateway(payment.gateway).retrieve_intent(payment.intent_id)
    sync_from_intent(payment, intent)
    resume_saga(payment, payment.task_token)
    return False


def _find_payment(webhook: Webhook) -> Payment | None:
    """Find the payment by the webhook's order, or by that of its intent."""
    if webhook.intent_id is None:
        return None
    order_id = webhook.order_id
    if order_id is None and (webhook.is_about_refund or webhook.dispute_id):
        order_id = get_gateway(webhook.gateway).retrieve_intent(webhook.intent_id).order_id
    payment = find_payment(order_id) if order_id else None
    return payment if payment and payment.intent_id == webhook.intent_id else None


def _sync_refunds(payment: Payment, webhook: Webhook) -> bool:
    """Sync the refunds. False if the failed one is none of a confirmed order's."""
    sync_refunds(payment)
    failed = {refund.gateway_id for refund in payment.refunds if refund.is_failed}
    return webhook.failed_refund is None or webhook.failed_refund in failed


def _failed_refund(webhook: Webhook) -> Discrepancy:
    """The discrepancy of a refund that failed at the customer's bank.

    It lasts until the customer is refunded some other way: the gateway would answer the same
    idempotency key as if the refund had been made.
    """
    detail = f"the refund {webhook.failed_refund} at {webhook.gateway} did not reach the customer"
    intents = (intent_key(webhook.gateway, webhook.intent_id),) if webhook.intent_id else ()
    return Discrepancy(Kind.REFUND_MISSING, detail, order_id=webhook.order_id, intents=intents)


def _event_key(webhook: Webhook) -> str:
    return f"{webhook.gateway}:{webhook.event_id}"


def _get_or_store_event(webhook: Webhook) -> WebhookEvent:
    event = WebhookEvent(
        _event_key(webhook),
        kind=webhook.kind,
        intent_id=webhook.intent_id,
        order_id=webhook.order_id,
        expires_at=clock.epoch() + _TTL_SECONDS,
    )
    if dynamodb.save_if(event, WebhookEvent.event_id.does_not_exist()):
        return event
    return WebhookEvent.get(event.event_id, consistent_read=True)
