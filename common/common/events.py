"""The registry of the shop's events, and the event bus.

On the bus `commerce` an event is an EventBridge entry: `source` and `detail-type` name it, its
detail is flat JSON in camelCase. Fields may be added; removing or changing one takes a new version.
"""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar, TypeVar

import msgspec

from common import aws, clock, ids, log
from common.retry import RetryPolicy

BUS = "commerce"
# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
_MAX_ENTRIES = 10
RETRY = RetryPolicy(tries=4, pause_seconds=0.2)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class EventsNotPublished(Exception):
    """The bus rejected some events. All of them may be published again."""


class EventNotUnderstood(Exception):
    """A message is not the expected event, or of an unknown version."""


class Line(msgspec.Struct, rename="camel", frozen=True):
    """A quantity of a product."""

    product_id: str
    qty: int


class StaffChange(msgspec.Struct, rename="camel", frozen=True):
    """What of a row was changed: its attributes before and after, as they are stored."""

    table: str
    key: str
    before: dict[str, Any]
    after: dict[str, Any]


class Event(msgspec.Struct, rename="camel", kw_only=True, frozen=True):
    """An event. Each delivery of it has the same `event_id`.

    `correlation_id` names the request that caused it.
    """

    source: ClassVar[str]
    detail_type: ClassVar[str]

    event_id: str
    version: int = 1
    correlation_id: str
    occurred_at: str


class OrderCreated(Event, frozen=True):
    """An order was placed. Nothing is reserved or paid yet."""

    source = "commerce.orders"
    detail_type = "OrderCreated"

    order_id: str
    user_id: str
    items: list[Line]
    total_amount: Decimal
    currency: str


class OrderCancelled(Event, frozen=True):
    """A customer cancelled an order that was not confirmed."""

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
    """An order was paid, its stock was committed, and it was confirmed."""

    source = "commerce.checkout"
    detail_type = "order.done"

    order_id: str
    user_id: str
    items: list[Line]
    total_amount: Decimal
    currency: str
    payment_id: str


class OrderFailed(Event, frozen=True):
    """A checkout ended without a purchase: nothing is charged or reserved."""

    source = "commerce.checkout"
    detail_type = "order.failed"

    order_id: str
    user_id: str
    reason: str
    status: str


class RefundRequested(Event, frozen=True):
    """A refund of a confirmed order was requested. `restock` returns its items.

    `items` of goods that came back are those that can be sold again, if any.
    `cancels_order`: the order was cancelled and must not be shipped.
    """

    source = "commerce.orders"
    detail_type = "RefundRequested"

    order_id: str
    user_id: str
    refund_id: str
    items: list[Line]
    amount: Decimal
    currency: str
    restock: bool = True
    cancels_order: bool = False
    attempt: int = 1


class OrderShipped(Event, frozen=True):
    """A parcel with goods of an order left the warehouse. There may be more."""

    source = "commerce.orders"
    detail_type = "OrderShipped"

    order_id: str
    user_id: str
    shipment_id: str
    items: list[Line]
    carrier: str
    tracking_number: str | None = None
    tracking_url: str | None = None


class OrderDelivered(Event, frozen=True):
    """A parcel of an order was delivered."""

    source = "commerce.orders"
    detail_type = "OrderDelivered"

    order_id: str
    user_id: str
    shipment_id: str
    items: list[Line]


class OrderAddressChanged(Event, frozen=True):
    """An order is sent to another address, at the same price. No address is told."""

    source = "commerce.orders"
    detail_type = "OrderAddressChanged"

    order_id: str
    user_id: str


class ReturnEvent(Event, frozen=True):
    """What happened to a return of shipped goods. Not published itself."""

    order_id: str
    user_id: str
    return_id: str
    items: list[Line]


class ReturnRequested(ReturnEvent, frozen=True):
    """A customer asked to return shipped goods."""

    source = "commerce.orders"
    detail_type = "ReturnRequested"


class ReturnApproved(ReturnEvent, frozen=True):
    """Staff let the customer send the goods back. `note` is what they wrote."""

    source = "commerce.orders"
    detail_type = "ReturnApproved"

    note: str | None = None


class ReturnRejected(ReturnEvent, frozen=True):
    """Staff refused a return. `note` is what they wrote to the customer."""

    source = "commerce.orders"
    detail_type = "ReturnRejected"

    note: str | None = None


class ReturnReceived(ReturnEvent, frozen=True):
    """Goods of a return came back, for which `amount` is refunded. There may be more."""

    source = "commerce.orders"
    detail_type = "ReturnReceived"

    refund_id: str
    amount: Decimal
    currency: str


class PaymentRefunded(Event, frozen=True):
    """The gateway refunded the amount, and the items were restocked if they had to be.

    `amount` is less than was requested where less was left. `is_booked`: the refund was made at
    the gateway's dashboard; nobody requested it of the shop, or it is the next attempt of one that
    had failed.
    """

    source = "commerce.payments"
    detail_type = "PaymentRefunded"

    order_id: str
    user_id: str
    payment_id: str
    refund_id: str
    amount: Decimal
    currency: str
    attempt: int = 1
    is_booked: bool = False


class RefundFailed(Event, frozen=True):
    """A refund failed at the gateway or the customer's bank: its money is not back."""

    source = "commerce.payments"
    detail_type = "RefundFailed"

    order_id: str
    user_id: str
    payment_id: str
    refund_id: str
    amount: Decimal
    currency: str
    attempt: int = 1


class PaymentDisputed(Event, frozen=True):
    """The customer's bank disputes a charge: OPEN, then WON or LOST."""

    source = "commerce.payments"
    detail_type = "PaymentDisputed"

    order_id: str
    user_id: str
    payment_id: str
    dispute_id: str
    amount: Decimal
    currency: str
    status: str
    reason: str
    evidence_due_by: str | None = None


class AccountDeleted(Event, frozen=True):
    """An account was deleted. Its tokens have expired. Consumers erase its data."""

    source = "commerce.users"
    detail_type = "AccountDeleted"

    user_id: str


class InventoryUpdated(Event, frozen=True):
    """Stock was committed for an order. Sent to the analytics queue, not to the bus."""

    source = "commerce.inventory"
    detail_type = "InventoryUpdated"

    order_id: str
    items: list[Line]


class StockLow(Event, frozen=True):
    """A product's stock fell to its threshold. One event for each fall."""

    source = "commerce.inventory"
    detail_type = "StockLow"

    product_id: str
    name: str
    available_stock: int
    threshold: int
    sku: str | None = None


class StaffActed(Event, frozen=True):
    """Staff changed something by a scope.

    There is one event for each transaction that was committed. `userId` is who acted, `action` the
    operation of the API.
    """

    source = "commerce.staff"
    detail_type = "StaffActed"

    act_id: str
    user_id: str
    role: str
    scope: str
    action: str
    changes: list[StaffChange]


REGISTRY: dict[str, type[Event]] = {
    event.detail_type: event
    for event in (
        OrderCreated,
        OrderCancelled,
        RefundRequested,
        OrderShipped,
        OrderDelivered,
        OrderAddressChanged,
        ReturnRequested,
        ReturnApproved,
        ReturnRejected,
        ReturnReceived,
        PaymentSuccess,
        PaymentRefunded,
        RefundFailed,
        PaymentDisputed,
        OrderDone,
        OrderFailed,
        AccountDeleted,
        InventoryUpdated,
        StockLow,
        StaffActed,
    )
}

Fact = TypeVar("Fact", bound=Event)


def create(kind: type[Fact], *, order_id: str, **fields: Any) -> Fact:
    """Create an event about an order. Its id is deterministic."""
    return _create(kind, order_id, order_id=order_id, **fields)


def account_deleted(user_id: str) -> AccountDeleted:
    """Create the event about a deleted account. Its id is deterministic."""
    return _create(AccountDeleted, user_id, user_id=user_id)


def staff_acted(act_id: str, **fields: Any) -> StaffActed:
    """Create the event about an act of staff. Its id is deterministic."""
    return _create(StaffActed, act_id, act_id=act_id, **fields)


def stock_low(change_id: str, **fields: Any) -> StockLow:
    """Create the event about a stock that became low. Its id is deterministic."""
    return _create(StockLow, change_id, **fields)


def publish(*events: Event) -> None:
    """Publish events to the bus. Idempotent by event id. Raises: EventsNotPublished."""
    entries = [_entry(event) for event in events]
    for start in range(0, len(entries), _MAX_ENTRIES):
        _put(entries[start : start + _MAX_ENTRIES])


def to_message(event: Event) -> dict[str, Any]:
    """Convert an event to the message that EventBridge would send to a queue."""
    return {
        "source": event.source,
        "detail-type": event.detail_type,
        "detail": json.loads(_ENCODER.encode(event)),
    }


def parse(kind: type[Fact], message: dict[str, Any]) -> Fact:
    """Parse an event from a queue's message. Raises: EventNotUnderstood."""
    if message.get("detail-type") != kind.detail_type:
        raise EventNotUnderstood(f"expected {kind.detail_type}, got {message.get('detail-type')!r}")
    try:
        event = msgspec.convert(message.get("detail"), kind)
    except msgspec.ValidationError as exc:
        raise EventNotUnderstood(f"{kind.detail_type}: {exc}") from None
    if event.version != 1:
        raise EventNotUnderstood(f"{kind.detail_type}: version {event.version} is not known here")
    return event


def pattern(*kinds: type[Event]) -> dict[str, list[str]]:
    """Build the EventBridge pattern that matches exactly these kinds."""
    return {
        "source": sorted({kind.source for kind in kinds}),
        "detail-type": sorted(kind.detail_type for kind in kinds),
    }


def _create(kind: type[Fact], about: str, **fields: Any) -> Fact:
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
