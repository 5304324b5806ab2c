"""Webhooks, from the door to their effect: stored once by the event's id, answered at once, acted upon by a queue's consumer."""

from typing import Any

import msgspec
from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import PutError
from pynamodb.models import Model

from chalicelib.payments import waiting
from chalicelib.payments.gateway import Webhook
from chalicelib.reconciliation import books, repairs
from chalicelib.reconciliation.discrepancies import Discrepancy, Kind
from common import clock, dynamodb, log, queues, step_input

QUEUE = "payment-webhook-queue"
_KEPT_SECONDS = (
    100 * 24 * 3600
)  # longer than any dead letter, archive or execution can bring one back


class GatewayEvent(Model):
    """One event of a gateway, heard at least once: there before it is acted upon, `handledAt` once it was."""

    class Meta(dynamodb.Meta):
        table_name = "GatewayEvents"

    event_id = UnicodeAttribute(hash_key=True, attr_name="eventId")
    kind = UnicodeAttribute()
    intent_id = UnicodeAttribute(attr_name="intentId", null=True)
    order_id = UnicodeAttribute(attr_name="orderId", null=True)
    received_at = UnicodeAttribute(attr_name="receivedAt", default_for_new=clock.now)
    handled_at = UnicodeAttribute(attr_name="handledAt", null=True)
    expires_at = dynamodb.WholeNumber(attr_name="expiresAt")


def take(webhook: Webhook) -> None:
    """Store the event and have it acted upon; the gateway may be answered then. Safe to repeat.

    A repeat of one that was acted upon ends here; of one that was not yet, another message does no harm, and makes up for one that a
    crash kept from being sent.
    """
    log.bind_context(webhook)
    row = _stored(webhook)
    if row.handled_at is None:
        queues.send(QUEUE, {**msgspec.to_builtins(webhook), "correlationId": log.correlation_id()})


def act(message: dict[str, Any]) -> None:
    """Act upon an event that was stored: the payment follows the gateway; a refund that failed is for a person to see to.

    Safe to repeat; what waiting.hear raises is raised.
    """
    webhook = step_input.parse(Webhook, message)
    row = _stored(webhook)
    if row.handled_at is None:
        if webhook.failed_refund:
            repairs.ask_a_person(_not_given_back(webhook), day=None)
        else:
            waiting.hear(webhook)
        row.update([GatewayEvent.handled_at.set(clock.now())])


def _not_given_back(webhook: Webhook) -> Discrepancy:
    """It stands until the customer has the money some other way: the gateway would answer the refund's key as if it had been made."""
    what = f"the refund {webhook.failed_refund} at {webhook.gateway} did not reach the customer"
    intents = (books.key(webhook.gateway, webhook.intent_id),) if webhook.intent_id else ()
    return Discrepancy(Kind.REFUND_MISSING, what, order_id=webhook.order_id, intents=intents)


def _stored(webhook: Webhook) -> GatewayEvent:
    """The event's row, made now if there is none."""
    row = GatewayEvent(
        f"{webhook.gateway}:{webhook.event_id}",
        kind=webhook.kind,
        intent_id=webhook.intent_id,
        order_id=webhook.order_id,
        expires_at=clock.epoch() + _KEPT_SECONDS,
    )
    try:
        row.save(GatewayEvent.event_id.does_not_exist())
    except PutError as problem:
        if not dynamodb.is_condition_failure(problem):
            raise
        return GatewayEvent.get(row.event_id, consistent_read=True)
    return row
