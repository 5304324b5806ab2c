"""What a change of an item of Orders, Payments or Inventory means; most changes mean nothing here.

Only the fields named here are copied: a payment's client secret, task token and payment method never get into the log.
"""

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.analytics.errors import ChangeNotUnderstood
from chalicelib.analytics.event_types import EventType
from chalicelib.analytics.facts import Fact, moment
from common import clock, ids, money
from common.streams import Change

_ORDERS = {
    "CREATED": EventType.ORDER_CREATED,
    "CONFIRMED": EventType.ORDER_CONFIRMED,
    "FAILED": EventType.ORDER_FAILED,
    "CANCELLED": EventType.ORDER_CANCELLED,
    "EXPIRED": EventType.ORDER_EXPIRED,
    "PARTLY_REFUNDED": EventType.ORDER_REFUNDED,
    "REFUNDED": EventType.ORDER_REFUNDED,
}
_PAYMENTS = {
    "STARTED": EventType.PAYMENT_STARTED,
    "SUCCEEDED": EventType.PAYMENT_SUCCEEDED,
    "FAILED": EventType.PAYMENT_FAILED,
    "VOIDED": EventType.PAYMENT_VOIDED,
    "REFUNDED": EventType.PAYMENT_REFUNDED,
}
_STOCK = {"available": "availableStock", "reserved": "reservedStock", "sold": "soldStock"}

Item = Mapping[str, Any]


def read(change: Change) -> Fact | None:
    """The fact that a change tells, None if it tells none; ChangeNotUnderstood if it cannot be read."""
    try:
        return _READERS[change.table](change)
    except (KeyError, TypeError, ValueError, money.InvalidAmount) as problem:
        raise ChangeNotUnderstood(
            f"{change.table} {change.event_id}: {type(problem).__name__} {problem}"
        ) from problem


def _of_order(change: Change) -> Fact | None:
    given_back = _growth(change, _given_back)
    event_type = EventType.ORDER_REFUNDED if given_back else _new_status(change, _ORDERS)
    if event_type is None or change.new is None:
        return None
    order = change.new
    metadata = {
        "orderId": order["orderId"],
        **_amount(given_back or order["totalMinor"], order["currency"]),
        "reason": order.get("reason"),
    }
    return Fact(_event_id(change), event_type, _when(change, order), metadata, order["userId"])


def _of_payment(change: Change) -> Fact | None:
    given_back = _growth(change, lambda payment: _number(payment, "refundedMinor"))
    event_type = _new_status(change, _PAYMENTS)
    if event_type is None and given_back:
        event_type = EventType.PAYMENT_PARTLY_REFUNDED
    if event_type is None or change.new is None:
        return None
    # A payment that was voided before it was started may know neither its amount nor its payer.
    payment = change.new
    metadata = {
        "orderId": payment["orderId"],
        "paymentId": payment["paymentId"],
        **_amount(given_back or payment.get("amountMinor"), payment.get("currency")),
        "method": payment.get("method"),
        "reason": payment.get("reason"),
    }
    return Fact(
        _event_id(change),
        event_type,
        _when(change, payment),
        metadata,
        payment.get("userId"),
        refunded_minor={money.validate_currency(payment["currency"]): given_back}
        if given_back
        else {},
    )


def _of_stock(change: Change) -> Fact | None:
    old, new = change.old or {}, change.new or {}
    deltas = {
        name: _number(new, attribute) - _number(old, attribute)
        for name, attribute in _STOCK.items()
    }
    if not any(deltas.values()):
        return None
    metadata = {"productId": (new or old)["productId"], **deltas}
    return Fact(_event_id(change), EventType.STOCK_CHANGED, _when(change, new), metadata)


_READERS = {"Orders": _of_order, "Payments": _of_payment, "Inventory": _of_stock}


def _new_status(change: Change, meanings: Mapping[str, EventType]) -> EventType | None:
    if change.new is None or (change.old and change.old["status"] == change.new["status"]):
        return None
    return meanings.get(change.new["status"])


def _event_id(change: Change) -> str:
    return ids.deterministic("EVT", change.table, change.event_id)


def _amount(minor_units: Any, currency: str | None) -> dict[str, Any]:
    if minor_units is None or currency is None:
        return {}
    return {"amountMinor": int(minor_units), "currency": money.validate_currency(currency)}


def _when(change: Change, item: Item) -> str:
    """When the item says that it changed; otherwise when the stream says so."""
    stated = item.get("updatedAt") or item.get("createdAt")
    if stated:
        return moment(stated)
    if not change.at:
        raise ValueError("says nowhere when it happened")
    return clock.iso(change.at)


def _growth(change: Change, amount: Callable[[Item], int]) -> int:
    """By how much an amount of the item grew, in minor units; 0 if it did not."""
    return max(0, amount(change.new or {}) - amount(change.old or {}))


def _given_back(order: Item) -> int:
    """What the customer of an order got back so far, in minor units."""
    return sum(
        int(refund["amountMinor"])
        for refund in order.get("refunds") or []
        if refund["status"] == "DONE"
    )


def _number(item: Item, attribute: str) -> int:
    return int(item.get(attribute, 0))
