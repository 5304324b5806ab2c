"""How many goods of an order can be returned."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from chalicelib.orders.models import Order
from chalicelib.orders.pricing import Quantities
from chalicelib.orders.refund_amounts import count_goods_left
from chalicelib.orders.return_models import Return
from chalicelib.orders.statuses import ReturnStatus
from common import clock, settings

WINDOW_DAYS = 30  # the setting's default
_EVER = ""  # sorts before any timestamp
_DAY_SECONDS = 86400


@dataclass
class _Parcel:
    """A shipment, and those of its goods that no return holds."""

    arrived_at: str
    goods: Counter[str]


def window_days() -> int:
    """Return for how many days after they arrived goods can be returned."""
    return settings.integer("RETURN_WINDOW_DAYS", WINDOW_DAYS)


def count_returnable(order: Order) -> Quantities:
    """Return how many of each product can be returned now."""
    return _count_arrived_since(order, _window_start(clock.now()))


def count_returnable_ever(order: Order) -> Quantities:
    """Return how many of each product could be returned if the window had no end."""
    return _count_arrived_since(order, _EVER)


def _count_arrived_since(order: Order, start: str) -> Quantities:
    """Count what arrived since then, and is neither returned nor refunded."""
    parcels = _parcels(order)
    for one in _holding_returns(order):
        _take(parcels, one)
    arrived: Counter[str] = Counter()
    for parcel in parcels:
        if parcel.arrived_at >= start:
            arrived += parcel.goods
    refundable = Counter(count_goods_left(order))
    for one in _holding_returns(order):
        refundable -= count_awaited(one)
    return dict(arrived & refundable)  # of each product the smaller count


def _parcels(order: Order) -> list[_Parcel]:
    """Return the shipments with when they arrived, or left where nobody noted that."""
    return [
        _Parcel(
            shipment.delivered_at or shipment.shipped_at,
            Counter({line.product_id: line.qty for line in shipment.lines}),
        )
        for shipment in order.shipments or []
    ]


def _holding_returns(order: Order) -> list[Return]:
    return [one for one in order.returns or [] if one.status != ReturnStatus.REJECTED]


def _take(parcels: list[_Parcel], one: Return) -> None:
    """Take the goods of a return out of the parcels.

    Out of the oldest of those whose window was open then, as this leaves its customer the most.
    """
    start = _window_start(one.requested_at)
    ordered = sorted(parcels, key=lambda parcel: (parcel.arrived_at < start, parcel.arrived_at))
    for line in one.lines:
        qty = line.qty
        for parcel in ordered:
            taken = min(qty, parcel.goods[line.product_id])
            parcel.goods[line.product_id] -= taken
            qty -= taken


def count_awaited(returned: Return) -> Counter[str]:
    """Return how many of each product of a return did not come back yet."""
    awaited: Counter[str] = Counter()
    for line in returned.lines:
        awaited[line.product_id] += line.qty
    for part in returned.parts or []:
        for received in part.lines:
            awaited[received.product_id] -= received.qty
    return +awaited


def _window_start(timestamp: str) -> str:
    """Return since when goods must have arrived to be returned at this time."""
    moment = datetime.fromisoformat(timestamp).timestamp()
    return clock.iso(moment - window_days() * _DAY_SECONDS)
