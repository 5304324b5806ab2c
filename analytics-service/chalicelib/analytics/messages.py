"""Facts from the messages of other services."""

from typing import Any

from chalicelib.analytics.event_types import EventType
from chalicelib.analytics.facts import Fact, normalize_timestamp, total_units
from common import events, money


def parse_order_done(message: dict[str, Any]) -> Fact:
    """Return the fact of a purchase, from which revenue and units sold are counted.

    Raises: EventNotUnderstood, InvalidAmount, ValueError for an invalid time.
    """
    event = events.parse(events.OrderDone, message)
    currency = money.validate_currency(event.currency)
    total = money.minor(event.total_amount, currency)
    units = total_units(event.items)
    metadata = {
        "orderId": event.order_id,
        "paymentId": event.payment_id,
        "amountMinor": total,
        "currency": currency,
        "units": units,
    }
    return Fact(
        event.event_id,
        EventType.ORDER_COMPLETED,
        normalize_timestamp(event.occurred_at),
        metadata,
        event.user_id,
        units_sold=units,
        revenue_minor={currency: total},
    )


def parse_inventory_updated(message: dict[str, Any]) -> Fact:
    """Return the fact of an order's deduction from stock; its units count with the purchase.

    Raises: EventNotUnderstood, ValueError for an invalid time.
    """
    event = events.parse(events.InventoryUpdated, message)
    metadata = {
        "orderId": event.order_id,
        "units": total_units(event.items),
        "items": [{"productId": line.product_id, "qty": line.qty} for line in event.items],
    }
    return Fact(
        event.event_id,
        EventType.INVENTORY_UPDATED,
        normalize_timestamp(event.occurred_at),
        metadata,
    )
