"""Facts from the messages of other services."""

import json
from typing import Any

import msgspec

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
    """Return the fact of a deduction from stock. Its units count with the purchase.

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


def parse_staff_acted(message: dict[str, Any]) -> Fact:
    """Return the fact that staff changed something, with who, what, before and after.

    Raises: EventNotUnderstood, ValueError for an invalid time.
    """
    event = events.parse(events.StaffActed, message)
    metadata = {
        "actId": event.act_id,
        "role": event.role,
        "scope": event.scope,
        "action": event.action,
        "changes": json.dumps(msgspec.to_builtins(event.changes), ensure_ascii=False),
    }
    return Fact(
        event.event_id,
        EventType.STAFF_ACTED,
        normalize_timestamp(event.occurred_at),
        metadata,
        event.user_id,
    )
