"""What the shop is told of orders. The table's stream is the outbox: no order exists unannounced."""

from collections.abc import Iterator
from typing import Any

from chalicelib.orders.models import CANCELLED, CREATED
from common import events, ids, money, streams

Row = dict[str, Any]


def announce(change: streams.Change) -> None:
    """Put on the bus what a change of an order means to others, if it means anything.

    Announces OrderCreated, OrderCancelled, and RefundRequested for each refund that is new; the rest of an order's life is the
    saga's to tell. Safe to repeat and in any order: event ids and times follow from the order. Raises EventsNotPublished if the
    bus does not take the event.
    """
    events.publish(*_facts(change))


def _facts(change: streams.Change) -> Iterator[events.Event]:
    if change.new is None:
        return
    was = change.old["status"] if change.old else None
    now = change.new["status"]
    if was is None and now == CREATED:
        yield _created(change.new)
    if was != now == CANCELLED:
        yield _cancelled(change.new)
    known = {refund["refundId"] for refund in _refunds(change.old)}
    for refund in _refunds(change.new):
        if refund["refundId"] not in known:
            yield _refund_requested(change.new, refund)


def _created(order: Row) -> events.OrderCreated:
    return events.create(
        events.OrderCreated,
        order_id=order["orderId"],
        user_id=order["userId"],
        items=[events.Line(line["productId"], int(line["qty"])) for line in order["items"]],
        total_amount=money.decimal(order["totalMinor"], order["currency"]),
        currency=order["currency"],
        correlation_id=order["correlationId"],
        occurred_at=order["createdAt"],
    )


def _cancelled(order: Row) -> events.OrderCancelled:
    return events.create(
        events.OrderCancelled,
        order_id=order["orderId"],
        user_id=order["userId"],
        correlation_id=order["correlationId"],
        occurred_at=order["updatedAt"],
    )


def _refunds(order: Row | None) -> list[Row]:
    return (order or {}).get("refunds") or []


def _refund_requested(order: Row, refund: Row) -> events.RefundRequested:
    return events.create(
        events.RefundRequested,
        order_id=order["orderId"],
        event_id=ids.deterministic(
            "EVT", "RefundRequested", refund["refundId"]
        ),  # an order may have several
        user_id=order["userId"],
        refund_id=refund["refundId"],
        items=[events.Line(line["productId"], int(line["qty"])) for line in refund["items"]],
        amount=money.decimal(refund["amountMinor"], order["currency"]),
        currency=order["currency"],
        restock=refund["restock"],
        correlation_id=order["correlationId"],
        occurred_at=refund["requestedAt"],
    )
