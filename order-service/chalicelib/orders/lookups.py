"""Strongly consistent reads of one order."""

from chalicelib.orders.errors import OrderNotFound
from chalicelib.orders.models import Order
from chalicelib.orders.statuses import OrderStatus
from common import auth, dynamodb, ids
from common.auth import Caller
from common.batch_reads import BatchReader, Key
from common.roles import Scope


def key(order_id: str) -> Key[Order]:
    """Return the key of an order."""
    return Key(Order, order_id)


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


def get(order_id: str, reader: BatchReader | None = None) -> Order:
    """Return the order, perhaps as a reader has read it.

    Raises: OrderNotFound.
    """
    order = reader.find(key(order_id)) if reader else find(order_id)
    if order is None:
        raise OrderNotFound(f"there is no order {order_id}")
    return order


def get_for(order_id: str, caller: Caller, scope: Scope = Scope.ORDERS_READ) -> Order:
    """Return the order for its customer, and for staff with the scope.

    Raises: OrderNotFound also for another customer's order, so that ids cannot be probed;
    InsufficientScope for staff who may only look at it.
    """
    order = get(ids.parse("ORDER", order_id))
    if order.user_id == caller.user_id:
        return order
    if not caller.may(Scope.ORDERS_READ):
        raise OrderNotFound(f"there is no order {order.order_id}")
    auth.require_scope(caller, scope)
    return order
