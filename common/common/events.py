"""The events of the shop: one registry of every fact that services tell each other, and how it travels.

On the bus `commerce` an event is an EventBridge entry: its source and detail-type name it, its detail is flat JSON in
camelCase. An event's fields may be added to, never removed or given another meaning: that takes a new version.
"""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar, TypeVar

import msgspec

from common import aws, clock, ids, log
from common.retry import RetryPolicy

BUS = "commerce"
_ENTRIES = 10  # that one PutEvents takes: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
RETRY = RetryPolicy(tries=4, pause_seconds=0.2)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class EventsNotPublished(Exception):
    """The bus did not take some events; publishing all of them again is safe."""


class EventNotUnderstood(Exception):
    """A message is not the event that its consumer reads, or of a version that it does not know."""


class Line(msgspec.Struct, rename="camel", frozen=True):
    """How many of a product."""

    product_id: str
    qty: int


class Event(msgspec.Struct, rename="camel", kw_only=True, frozen=True):
    """A fact. Every event carries its id, the same for each repeat, and the request that caused it."""

    source: ClassVar[str]
    detail_type: ClassVar[str]

    event_id: str
    version: int = 1
    correlation_id: str
    occurred_at: str


class OrderCreated(Event, frozen=True):
    """A customer ordered; nothing is reserved or paid yet."""

    source = "commerce.orders"
    detail_type = "OrderCreated"

    order_id: str
    user_id: str
    items: list[Line]
    total_amount: Decimal
    currency: str


class OrderCancelled(Event, frozen=True):
    """A customer took back an order that was not confirmed."""

    source = "commerce.orders"
    detail_type = "OrderCancelled"

    order_id: str
    user_id: str


class PaymentSuccess(Event, frozen=True):
    """An order's total was captured."""

    source = "commerce.payments"
    detail_type = "PaymentSuccess"

    order_id: str
    user_id: str
    payment_id: str
    amount: Decimal
    currency: str


class OrderDone(Event, frozen=True):
    """An order was paid, deducted from stock and confirmed."""

    source = "commerce.checkout"
    detail_type = "order.done"

    order_id: str
    user_id: str
    items: list[Line]
    total_amount: Decimal
    currency: str
    payment_id: str


class OrderFailed(Event, frozen=True):
    """A checkout ended without a purchase: nothing stays charged or reserved."""

    source = "commerce.checkout"
    detail_type = "order.failed"

    order_id: str
    user_id: str
    reason: str
    status: str


class RefundRequested(Event, frozen=True):
    """Goods of a confirmed order are given back, or never came: their price is owed to the customer."""

    source = "commerce.orders"
    detail_type = "RefundRequested"

    order_id: str
    user_id: str
    refund_id: str
    items: list[Line]
    amount: Decimal
    currency: str
    restock: bool = True


class PaymentRefunded(Event, frozen=True):
    """The amount of one refund was given back at the payment gateway, and its goods are on the shelf again if they are to be."""

    source = "commerce.payments"
    detail_type = "PaymentRefunded"

    order_id: str
    user_id: str
    payment_id: str
    refund_id: str
    amount: Decimal
    currency: str


class AccountDeleted(Event, frozen=True):
    """A customer closed the account, and no access token of it is good any more: who keeps something of that person erases it."""

    source = "commerce.users"
    detail_type = "AccountDeleted"

    user_id: str


class InventoryUpdated(Event, frozen=True):
    """An order's goods were deducted from stock. Goes to the analytics queue, not over the bus."""

    source = "commerce.inventory"
    detail_type = "InventoryUpdated"

    order_id: str
    items: list[Line]


REGISTRY: dict[str, type[Event]] = {
    event.detail_type: event
    for event in (
        OrderCreated,
        OrderCancelled,
        RefundRequested,
        PaymentSuccess,
        PaymentRefunded,
        OrderDone,
        OrderFailed,
        AccountDeleted,
        InventoryUpdated,
    )
}

Fact = TypeVar("Fact", bound=Event)


def create(kind: type[Fact], *, order_id: str, **fields: Any) -> Fact:
    """The event of this kind about an order; its id is the same however often it is built."""
    return _built(kind, order_id, order_id=order_id, **fields)


def account_deleted(user_id: str) -> AccountDeleted:
    """The one event that is about no order; its id, too, is the same however often it is built."""
    return _built(AccountDeleted, user_id, user_id=user_id)


def publish(*events: Event) -> None:
    """Put the events on the bus; EventsNotPublished if it does not take them all. Safe to repeat as a whole."""
    entries = [_entry(event) for event in events]
    for start in range(0, len(entries), _ENTRIES):
        _put(entries[start : start + _ENTRIES])


def to_message(event: Event) -> dict[str, Any]:
    """The event as EventBridge would hand it to a queue, for those that are sent to a queue directly."""
    return {
        "source": event.source,
        "detail-type": event.detail_type,
        "detail": json.loads(_ENCODER.encode(event)),
    }


def parse(kind: type[Fact], message: dict[str, Any]) -> Fact:
    """The event of this kind that a message from a queue carries; EventNotUnderstood if it carries none."""
    if message.get("detail-type") != kind.detail_type:
        raise EventNotUnderstood(f"expected {kind.detail_type}, got {message.get('detail-type')!r}")
    try:
        event = msgspec.convert(message.get("detail"), kind)
    except msgspec.ValidationError as problem:
        raise EventNotUnderstood(f"{kind.detail_type}: {problem}") from None
    if event.version != 1:
        raise EventNotUnderstood(f"{kind.detail_type}: version {event.version} is not known here")
    return event


def pattern(*kinds: type[Event]) -> dict[str, list[str]]:
    """The EventBridge pattern that lets exactly these kinds through."""
    return {
        "source": sorted({kind.source for kind in kinds}),
        "detail-type": sorted(kind.detail_type for kind in kinds),
    }


def _built(kind: type[Fact], about: str, **fields: Any) -> Fact:
    known = {
        "event_id": ids.deterministic("EVT", kind.detail_type, about),
        "correlation_id": log.correlation_id(),
        "occurred_at": clock.now(),
    }
    return kind(**{**known, **fields})


def _entry(event: Event) -> dict[str, str]:
    return {
        "EventBusName": BUS,
        "Source": event.source,
        "DetailType": event.detail_type,
        "Detail": _ENCODER.encode(event).decode(),
    }


def _put(entries: Sequence[dict[str, str]]) -> None:
    for _ in RETRY.attempts():
        results = aws.client("events").put_events(Entries=entries)["Entries"]
        refused = [result.get("ErrorMessage") for result in results if "ErrorCode" in result]
        entries = [
            entry for entry, result in zip(entries, results, strict=True) if "ErrorCode" in result
        ]
        if not entries:
            return
    raise EventsNotPublished(f"{len(entries)} events were refused: {refused[0]}")
