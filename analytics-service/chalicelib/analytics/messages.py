"""What the messages mean that other services send."""

from typing import Any

from chalicelib.analytics.event_types import EventType
from chalicelib.analytics.facts import Fact, moment, units
from common import events, money


def read_order_done(message: dict[str, Any]) -> Fact:
    """A purchase: what the day's revenue and units sold are counted from.

    Raises EventNotUnderstood, InvalidAmount, and ValueError for a time that is none.
    """
    event = events.parse(events.OrderDone, message)
    currency = money.validate_currency(event.currency)
    total = money.minor(event.total_amount, currency)
    pieces = units(event.items)
    metadata = {
        "orderId": event.order_id,
        "paymentId": event.payment_id,
        "amountMinor": total,
        "currency": currency,
        "units": pieces,
    }
    return Fact(
        event.event_id,
        EventType.ORDER_COMPLETED,
        moment(event.occurred_at),
        metadata,
        event.user_id,
        units_sold=pieces,
        revenue_minor={currency: total},
    )


def read_inventory_updated(message: dict[str, Any]) -> Fact:
    """An order's deduction from stock; the report counts its units with the purchase.

    Raises EventNotUnderstood, and ValueError for a time that is none.
    """
    event = events.parse(events.InventoryUpdated, message)
    metadata = {
        "orderId": event.order_id,
        "units": units(event.items),
        "items": [{"productId": line.product_id, "qty": line.qty} for line in event.items],
    }
    return Fact(event.event_id, EventType.INVENTORY_UPDATED, moment(event.occurred_at), metadata)
