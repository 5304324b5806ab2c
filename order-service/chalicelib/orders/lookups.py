"""Strongly consistent reads of one order."""

from chalicelib.orders.errors import OrderNotFound
from chalicelib.orders.models import Order
from chalicelib.orders.statuses import OrderStatus
from common import dynamodb, ids
from common.auth import Caller


def find(order_id: str) -> Order | None:
    """Return the order, or None if there is none."""
    return dynamodb.find(Order, order_id)


def has_orders(user_id: str) -> bool:
    """Whether the customer has an order that is open or paid, eventually consistent."""
    ended = [OrderStatus.FAILED, OrderStatus.EXPIRED, OrderStatus.CANCELLED]
    orders = Order.by_customer.query(
        user_id, filter_condition=~Order.status.is_in(*ended), scan_index_forward=False, limit=1
    )
    return next(orders, None) is not None


def get(order_id: str) -> Order:
    """Return the order.

    Raises: OrderNotFound.
    """
    order = find(order_id)
    if order is None:
        raise OrderNotFound(f"there is no order {order_id}")
    return order


def get_for(order_id: str, caller: Caller) -> Order:
    """Return the order if the caller may see it: its customer and admins.

    Raises: OrderNotFound also for another customer's order, so that ids cannot be probed.
    """
    order = get(ids.parse("ORDER", order_id))
    if order.user_id != caller.user_id and not caller.is_admin:
        raise OrderNotFound(f"there is no order {order.order_id}")
    return order
