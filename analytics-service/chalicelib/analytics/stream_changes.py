"""Facts from changes of Orders, Payments and Inventory. Most changes are none.

Only the attributes named here are copied: client secrets, task tokens and payment methods of a
payment never reach the event log.
"""

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.analytics.errors import ChangeNotUnderstood
from chalicelib.analytics.event_types import EventType
from chalicelib.analytics.facts import Fact, normalize_timestamp
from common import clock, ids, money
from common.streams import Change

# Statuses of the owners that are events. Those that are missing here are none.
ORDER_EVENTS = {
    "CREATED": EventType.ORDER_CREATED,
    "CONFIRMED": EventType.ORDER_CONFIRMED,
    "FAILED": EventType.ORDER_FAILED,
    "CANCELLED": EventType.ORDER_CANCELLED,
    "EXPIRED": EventType.ORDER_EXPIRED,
    "CANCELLING": EventType.ORDER_CANCELLED,
    "PARTLY_REFUNDED": EventType.ORDER_REFUNDED,
    "REFUNDED": EventType.ORDER_REFUNDED,
}
PAYMENT_EVENTS = {
    "STARTED": EventType.PAYMENT_STARTED,
    "SUCCEEDED": EventType.PAYMENT_SUCCEEDED,
    "FAILED": EventType.PAYMENT_FAILED,
    "VOIDED": EventType.PAYMENT_VOIDED,
    "REFUNDED": EventType.PAYMENT_REFUNDED,
}
DISPUTE_EVENTS = {
    "OPEN": EventType.DISPUTE_OPENED,
    "WON": EventType.DISPUTE_WON,
    "LOST": EventType.DISPUTE_LOST,
}
REFUND_DONE = "DONE"  # the status of an order's refund that was paid out

_STOCK = {"available": "availableStock", "reserved": "reservedStock", "sold": "soldStock"}

Item = Mapping[str, Any]


def parse_change(change: Change) -> Fact | None:
    """Return the fact of a change, or None if it is none.

    Raises: ChangeNotUnderstood when an attribute is missing or invalid.
    """
    try:
        return _PARSERS[change.table](change)
    except (KeyError, TypeError, ValueError, money.InvalidAmount) as exc:
        raise ChangeNotUnderstood(
            f"{change.table} {change.event_id}: {type(exc).__name__} {exc}"
        ) from exc


def _parse_order(change: Change) -> Fact | None:
    refunded = max(0, _change_of(change, _refunded_amount))
    event_type = EventType.ORDER_REFUNDED if refunded else _status_event(change, ORDER_EVENTS)
    if event_type is None or change.new is None:
        return None
    order = change.new
    metadata = {
        "orderId": order["orderId"],
        **_amount(refunded or order["totalMinor"], order["currency"]),
        "reason": order.get("reason"),
    }
    return Fact(_event_id(change), event_type, _time(change, order), metadata, order["userId"])


def _parse_payment(change: Change) -> Fact | None:
    return _parse_dispute(change) or _parse_payment_status(change)


def _parse_dispute(change: Change) -> Fact | None:
    """Return the fact of a dispute that was opened, won or lost: one in each write."""
    known = {_dispute_state(dispute) for dispute in (change.old or {}).get("disputes") or []}
    payment = change.new or {}
    for dispute in payment.get("disputes") or []:
        if _dispute_state(dispute) not in known:
            return _dispute_fact(change, payment, dispute)
    return None


def _dispute_fact(change: Change, payment: Item, dispute: Item) -> Fact:
    amount, currency = int(dispute["amountMinor"]), money.validate_currency(payment["currency"])
    metadata = {
        "orderId": payment["orderId"],
        "paymentId": payment["paymentId"],
        **_amount(amount, currency),
        "reason": dispute["reason"],
    }
    event_type = DISPUTE_EVENTS[dispute["status"]]
    lost = {currency: amount} if event_type == EventType.DISPUTE_LOST else {}
    return Fact(
        _event_id(change),
        event_type,
        _time(change, payment),
        metadata,
        payment.get("userId"),
        lost_minor=lost,
    )


def _dispute_state(dispute: Item) -> tuple[str, str]:
    return dispute["disputeId"], dispute["status"]


def _parse_payment_status(change: Change) -> Fact | None:
    refunded = _change_of(change, _refunded_amount)
    event_type = _refund_event(refunded) or _status_event(change, PAYMENT_EVENTS)
    if change.new is not None and refunded > 0 and change.new["status"] == "REFUNDED":
        event_type = EventType.PAYMENT_REFUNDED
    if event_type is None or change.new is None:
        return None
    # A payment that was voided before it started may have neither amount nor customer.
    payment = change.new
    metadata = {
        "orderId": payment["orderId"],
        "paymentId": payment["paymentId"],
        **_amount(refunded or payment.get("amountMinor"), payment.get("currency")),
        "method": payment.get("method"),
        "reason": payment.get("reason"),
    }
    return Fact(
        _event_id(change),
        event_type,
        _time(change, payment),
        metadata,
        payment.get("userId"),
        refunded_minor={money.validate_currency(payment["currency"]): refunded} if refunded else {},
    )


def _parse_stock(change: Change) -> Fact | None:
    old, new = change.old or {}, change.new or {}
    deltas = {
        name: _number(new, attribute) - _number(old, attribute)
        for name, attribute in _STOCK.items()
    }
    if not any(deltas.values()):
        return None
    metadata = {"productId": (new or old)["productId"], **deltas}
    return Fact(_event_id(change), EventType.STOCK_CHANGED, _time(change, new), metadata)


_PARSERS = {"Orders": _parse_order, "Payments": _parse_payment, "Inventory": _parse_stock}


def _status_event(change: Change, event_types: Mapping[str, EventType]) -> EventType | None:
    if change.new is None or (change.old and change.old["status"] == change.new["status"]):
        return None
    return event_types.get(change.new["status"])


def _event_id(change: Change) -> str:
    return ids.deterministic("EVT", change.table, change.event_id)


def _amount(minor_units: Any, currency: str | None) -> dict[str, Any]:
    if minor_units is None or currency is None:
        return {}
    return {"amountMinor": int(minor_units), "currency": money.validate_currency(currency)}


def _time(change: Change, item: Item) -> str:
    """Return when the item changed by its own account, otherwise by the stream's."""
    timestamp = item.get("updatedAt") or item.get("createdAt")
    if timestamp:
        return normalize_timestamp(timestamp)
    if not change.at:
        raise ValueError("neither the item nor the record has a time")
    return clock.iso(change.at)


def _change_of(change: Change, amount: Callable[[Item], int]) -> int:
    """Return by how much an amount grew or, below 0, shrank, in minor units."""
    return amount(change.new or {}) - amount(change.old or {})


def _refund_event(refunded: int) -> EventType | None:
    """Return the event of a payment whose refunded amount changed."""
    if refunded == 0:
        return None
    return EventType.PAYMENT_PARTLY_REFUNDED if refunded > 0 else EventType.PAYMENT_REFUND_FAILED


def _refunded_amount(item: Item) -> int:
    """Return the minor units of the refunds that are made."""
    return sum(
        int(refund["amountMinor"])
        for refund in item.get("refunds") or []
        if refund["status"] == REFUND_DONE
    )


def _number(item: Item, attribute: str) -> int:
    return int(item.get(attribute, 0))
