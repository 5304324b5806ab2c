"""Events of changed orders. The stream of Orders is the outbox."""

from collections.abc import Iterator
from typing import Any

from chalicelib.orders.statuses import OrderStatus, RefundStatus, ReturnStatus, ShipmentStatus
from common import events, ids, money, streams

Row = dict[str, Any]

_DECISIONS: dict[str, type[events.ReturnEvent]] = {
    ReturnStatus.APPROVED: events.ReturnApproved,
    ReturnStatus.REJECTED: events.ReturnRejected,
}


def publish_change(change: streams.Change) -> None:
    """Publish what happened to an order, by a change of its row.

    OrderCreated, OrderCancelled, RefundRequested, OrderShipped, OrderDelivered,
    OrderAddressChanged, ReturnRequested, ReturnApproved, ReturnRejected and ReturnReceived.

    Idempotent, in any order of records: event ids and times follow from the order's row. The
    saga publishes what else happens to an order.

    Raises: EventsNotPublished when the bus does not take an event.
    """
    events.publish(*_events(change))


def _events(change: streams.Change) -> Iterator[events.Event]:
    if change.new is None:
        return
    old_status = change.old["status"] if change.old else None
    new_status = change.new["status"]
    if old_status is None and new_status == OrderStatus.CREATED:
        yield _order_created(change.new)
    if new_status == OrderStatus.CANCELLED and old_status != new_status:
        yield _order_cancelled(change.new)
    yield from _shipment_events(change)
    for changed in _new_address_changes(change):
        yield _order_address_changed(change.new, changed)
    yield from _return_events(change)
    known = {_request(refund) for refund in _refunds(change.old)}
    for refund in _refunds(change.new):
        if refund["status"] == RefundStatus.REQUESTED and _request(refund) not in known:
            yield _refund_requested(change.new, refund)


def _shipment_events(change: streams.Change) -> Iterator[events.Event]:
    old, new = change.old or {}, change.new or {}
    statuses = {one["shipmentId"]: one["status"] for one in old.get("shipments") or []}
    for shipment in new.get("shipments") or []:
        known = statuses.get(shipment["shipmentId"])
        if known is None:
            yield _order_shipped(new, shipment)
        if shipment["status"] == ShipmentStatus.DELIVERED and known != shipment["status"]:
            yield _order_delivered(new, shipment)


def _new_address_changes(change: streams.Change) -> list[Row]:
    known = len((change.old or {}).get("addressChanges") or [])
    changes: list[Row] = (change.new or {}).get("addressChanges") or []
    return changes[known:]


def _return_events(change: streams.Change) -> Iterator[events.Event]:
    old, new = change.old or {}, change.new or {}
    known = {one["returnId"]: one["status"] for one in old.get("returns") or []}
    received = {part["refundId"] for _, part in _parts(old)}
    for one in new.get("returns") or []:
        status = known.get(one["returnId"])
        if status is None:
            yield _return_event(events.ReturnRequested, new, one, occurred_at=one["requestedAt"])
        if one["status"] in _DECISIONS and one["status"] != status:
            kind, details = _DECISIONS[one["status"]], {"note": one.get("note")}
            yield _return_event(kind, new, one, occurred_at=one["decidedAt"], **details)
    for one, part in _parts(new):
        if part["refundId"] not in received:
            yield _return_received(new, one, part)


def _parts(order: Row) -> list[tuple[Row, Row]]:
    """Return what came back of returns, each with its return."""
    returns = order.get("returns") or []
    return [(one, part) for one in returns for part in one.get("parts") or []]


def _refunds(order: Row | None) -> list[Row]:
    return (order or {}).get("refunds") or []


def _request(refund: Row) -> tuple[Any, ...]:
    """Return what differs each time that a refund is requested."""
    return refund["refundId"], refund.get("attempt", 1), refund.get("askedAt")


def _order_created(order: Row) -> events.OrderCreated:
    return events.create(
        events.OrderCreated,
        order_id=order["orderId"],
        user_id=order["userId"],
        items=_lines(order["items"]),
        total_amount=money.decimal(order["totalMinor"], order["currency"]),
        currency=order["currency"],
        correlation_id=order["correlationId"],
        occurred_at=order["createdAt"],
    )


def _order_cancelled(order: Row) -> events.OrderCancelled:
    return events.create(
        events.OrderCancelled,
        order_id=order["orderId"],
        user_id=order["userId"],
        correlation_id=order["correlationId"],
        occurred_at=order["updatedAt"],
    )


def _refund_requested(order: Row, refund: Row) -> events.RefundRequested:
    # An order may have several refunds, so that the id follows from the refund.
    attempt = int(refund.get("attempt", 1))
    event_id = ids.deterministic("EVT", "RefundRequested", refund["refundId"], attempt)
    return events.create(
        events.RefundRequested,
        order_id=order["orderId"],
        event_id=event_id,
        user_id=order["userId"],
        refund_id=refund["refundId"],
        items=_lines(refund.get("restockItems") or refund["items"]),
        amount=money.decimal(refund["amountMinor"], order["currency"]),
        currency=order["currency"],
        restock=refund["restock"],
        cancels_order=bool(refund.get("cancelsOrder")),
        attempt=attempt,
        correlation_id=order["correlationId"],
        occurred_at=refund["requestedAt"],
    )


def _order_shipped(order: Row, shipment: Row) -> events.OrderShipped:
    return events.create(
        events.OrderShipped,
        order_id=order["orderId"],
        event_id=ids.deterministic("EVT", "OrderShipped", shipment["shipmentId"]),
        user_id=order["userId"],
        shipment_id=shipment["shipmentId"],
        items=_lines(shipment["items"]),
        carrier=shipment["carrier"],
        tracking_number=shipment.get("trackingNumber"),
        tracking_url=shipment.get("trackingUrl"),
        correlation_id=order["correlationId"],
        occurred_at=shipment["shippedAt"],
    )


def _order_delivered(order: Row, shipment: Row) -> events.OrderDelivered:
    return events.create(
        events.OrderDelivered,
        order_id=order["orderId"],
        event_id=ids.deterministic("EVT", "OrderDelivered", shipment["shipmentId"]),
        user_id=order["userId"],
        shipment_id=shipment["shipmentId"],
        items=_lines(shipment["items"]),
        correlation_id=order["correlationId"],
        occurred_at=shipment["deliveredAt"],
    )


def _order_address_changed(order: Row, changed: Row) -> events.OrderAddressChanged:
    at = changed["changedAt"]
    return events.create(
        events.OrderAddressChanged,
        order_id=order["orderId"],
        event_id=ids.deterministic("EVT", "OrderAddressChanged", order["orderId"], at),
        user_id=order["userId"],
        correlation_id=order["correlationId"],
        occurred_at=at,
    )


def _return_event(
    kind: type[events.ReturnEvent], order: Row, one: Row, **details: Any
) -> events.Event:
    return events.create(
        kind,
        order_id=order["orderId"],
        event_id=ids.deterministic("EVT", kind.detail_type, one["returnId"]),
        user_id=order["userId"],
        return_id=one["returnId"],
        items=_lines(one["items"]),
        correlation_id=order["correlationId"],
        **details,
    )


def _return_received(order: Row, one: Row, part: Row) -> events.ReturnReceived:
    (refund,) = [each for each in _refunds(order) if each["refundId"] == part["refundId"]]
    return events.create(
        events.ReturnReceived,
        order_id=order["orderId"],
        event_id=ids.deterministic("EVT", "ReturnReceived", part["refundId"]),
        user_id=order["userId"],
        return_id=one["returnId"],
        items=_lines(refund["items"]),
        refund_id=part["refundId"],
        amount=money.decimal(refund["amountMinor"], order["currency"]),
        currency=order["currency"],
        correlation_id=order["correlationId"],
        occurred_at=part["receivedAt"],
    )


def _lines(lines: list[Row]) -> list[events.Line]:
    return [events.Line(line["productId"], int(line["qty"])) for line in lines]
