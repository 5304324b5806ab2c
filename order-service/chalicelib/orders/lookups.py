"""Finds orders as they stand now, for those who may see them."""

from chalicelib.orders.errors import OrderNotFound
from chalicelib.orders.models import Order
from common import ids
from common.auth import Caller


def find(order_id: str) -> Order | None:
    """The order, if there is one."""
    try:
        return Order.get(order_id, consistent_read=True)
    except Order.DoesNotExist:
        return None


def stored(order_id: str) -> Order:
    """The order; OrderNotFound if there is none."""
    order = find(order_id)
    if order is None:
        raise OrderNotFound(f"there is no order {order_id}")
    return order


def visible(order_id: str, who: Caller) -> Order:
    """The order; OrderNotFound if there is none, or if it is somebody else's and the caller is no admin."""
    order = stored(ids.parse("ORDER", order_id))
    if order.user_id != who.user_id and not who.is_admin:
        raise OrderNotFound(f"there is no order {order.order_id}")
    return order
