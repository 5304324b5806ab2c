"""The refunds in an order's row, written with an optimistic lock on its version."""

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.orders.errors import OrderContended, RefundNotFound
from chalicelib.orders.models import Order, Refund, RefundLine
from chalicelib.orders.pricing import Quantities
from chalicelib.orders.refund_amounts import sum_money_left
from chalicelib.orders.statuses import PAID_STATUSES, OrderStatus, RefundStatus, statuses_before
from common import clock, dynamodb
from common.retry import RetryPolicy

CONFLICT_RETRIES = RetryPolicy(tries=8, pause_seconds=0.02)


def get_refund(order: Order, refund_id: str) -> Refund:
    """Return the refund of this id. Raises: RefundNotFound."""
    for refund in order.refunds or []:
        if refund.refund_id == refund_id:
            return refund
    raise RefundNotFound(f"{order.order_id} has no refund {refund_id}")


def refund_lines(quantities: Quantities) -> list[RefundLine]:
    """Return the lines of a refund of these goods."""
    return [RefundLine(product_id=product_id, qty=qty) for product_id, qty in quantities.items()]


def status_after_refund(order: Order) -> OrderStatus:
    """Return the status of a paid order by its refunds."""
    is_done = all(refund.status == RefundStatus.DONE for refund in order.refunds or [])
    if is_done and sum_money_left(order) == 0:
        return OrderStatus.REFUNDED
    return OrderStatus.CANCELLING if order.cancelled_at else OrderStatus.PARTLY_REFUNDED


def save_refunds(
    order: Order,
    refunds: list[Refund],
    status: OrderStatus | None = None,
    *actions: Action,
    condition: Condition | None = None,
) -> bool:
    """Write the refunds, the status and more. False if the order changed since it was read."""
    changes = [Order.refunds.set(refunds), Order.updated_at.set(clock.now()), *actions]
    if status is None:
        allowed: Condition = Order.status.is_in(*PAID_STATUSES)
    else:
        changes.append(Order.status.set(status))
        allowed = Order.status.is_in(*statuses_before(status))
    return dynamodb.update_if(order, changes, allowed if condition is None else allowed & condition)


def contended(order_id: str) -> OrderContended:
    """Return the error of a write that others kept overtaking."""
    return OrderContended(f"{order_id} kept changing; try again")
