"""How much of a paid order was shipped, and what staff still have to do."""

from pynamodb.expressions.update import Action

from chalicelib.orders.models import Order, fulfilment_shard
from chalicelib.orders.refund_amounts import count_goods_left
from chalicelib.orders.statuses import SHIPPABLE_STATUSES, FulfilmentStatus


def index_order(order: Order, status: str) -> Action:
    """Return what keeps the order in the index by-fulfilment, or takes it out.

    `status` is the one that the order gets.
    """
    is_open = status in SHIPPABLE_STATUSES and (
        order.fulfilment_status != FulfilmentStatus.UNFULFILLED or count_goods_left(order)
    )
    if order.fulfilment_status is None or not is_open:
        return Order.to_fulfil.remove()
    return Order.to_fulfil.set(fulfilment_shard(order.fulfilment_status, order.order_id))
