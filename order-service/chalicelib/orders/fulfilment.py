"""How much of a paid order was shipped, and what staff still have to do."""

from collections import Counter

from pynamodb.expressions.update import Action

from chalicelib.orders.models import Order, fulfilment_shard
from chalicelib.orders.pricing import Quantities
from chalicelib.orders.refund_amounts import count_goods_left
from chalicelib.orders.statuses import SHIPPABLE_STATUSES, FulfilmentStatus, ShipmentStatus


def count_to_ship(order: Order, status: str) -> Quantities:
    """Return how many of each product are left to ship if the order has this status.

    Those that were ordered, less those of refunds and shipments. Refunds count for what was not
    shipped yet, also where they are for something that broke, but not those of returned goods.
    """
    if status not in SHIPPABLE_STATUSES:
        return {}
    left = Counter(count_goods_left(order)) + _count_refunded_returns(order)
    for shipment in order.shipments or []:
        left.subtract({line.product_id: line.qty for line in shipment.lines})
    return dict(+left)


def _count_refunded_returns(order: Order) -> Counter[str]:
    refunded: Counter[str] = Counter()
    for refund in order.refunds or []:
        if refund.return_id is not None:
            refunded.update({line.product_id: line.qty for line in refund.lines})
    return refunded


def derive_status(order: Order, status: str) -> FulfilmentStatus:
    """Return how much of the order was shipped if it has this status."""
    shipments = order.shipments or []
    if not shipments:
        return FulfilmentStatus.UNFULFILLED
    if count_to_ship(order, status):
        return FulfilmentStatus.PARTLY_FULFILLED
    if all(shipment.status == ShipmentStatus.DELIVERED for shipment in shipments):
        return FulfilmentStatus.DELIVERED
    return FulfilmentStatus.FULFILLED


def actions_of(order: Order, status: str) -> list[Action]:
    """Return what sets the fulfilment status and its place in the index.

    `status` is the one that the order gets. An order that was paid before there were shipments has
    neither until something of it is shipped.
    """
    if order.fulfilment_status is None and not order.shipments:
        return [Order.to_fulfil.remove()]
    derived = derive_status(order, status)
    is_open = bool(order.shipments or count_to_ship(order, status))
    shard = Order.to_fulfil.set(fulfilment_shard(derived, order.order_id))
    return [
        Order.fulfilment_status.set(derived),
        shard if is_open else Order.to_fulfil.remove(),
    ]
