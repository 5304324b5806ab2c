"""The refunds in an order's row, written with an optimistic lock on its version."""

from collections.abc import Sequence

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.orders import fulfilment, writes
from chalicelib.orders.errors import OrderContended
from chalicelib.orders.models import Order, Refund, RefundLine, refund_shard
from chalicelib.orders.pricing import Quantities
from chalicelib.orders.refund_amounts import sum_money_left
from chalicelib.orders.statuses import PAID_STATUSES, OrderStatus, RefundStatus, statuses_before
from common import clock, transactions
from common.retry import RetryPolicy

CONFLICT_RETRIES = RetryPolicy(tries=8, pause_seconds=0.02)


def find_refund(order: Order, refund_id: str) -> Refund | None:
    """Return the refund of this id, None if there is none."""
    return next((one for one in order.refunds or [] if one.refund_id == refund_id), None)


def refund_lines(quantities: Quantities) -> list[RefundLine]:
    """Return the lines of a refund of these goods."""
    return [RefundLine(product_id=product_id, qty=qty) for product_id, qty in quantities.items()]


def status_after_refund(order: Order) -> OrderStatus:
    """Return the status of a paid order by its refunds."""
    statuses = {refund.status for refund in order.refunds or []}
    if RefundStatus.REQUESTED not in statuses and sum_money_left(order) <= 0:
        return OrderStatus.REFUNDED
    if order.cancelled_at:
        return OrderStatus.CANCELLING
    was_refunded = RefundStatus.DONE in statuses or order.status == OrderStatus.REFUNDED
    return OrderStatus.PARTLY_REFUNDED if was_refunded else OrderStatus(order.status)


def save_refunds(
    order: Order,
    refunds: list[Refund],
    status: OrderStatus | None = None,
    *actions: Action,
    condition: Condition | None = None,
    operations: Sequence[transactions.Operation] = (),
) -> bool:
    """Write refunds and status, in one transaction with other operations.

    Returns False if the order changed since.
    """
    order.refunds = refunds
    is_open = _has_open_refund(order)
    shard = Order.open_refund.set(refund_shard(order.order_id))
    changes = [
        Order.refunds.set(refunds),
        shard if is_open else Order.open_refund.remove(),
        *fulfilment.actions_of(order, status or order.status),
        Order.updated_at.set(clock.now()),
        *actions,
    ]
    if status is None or status == order.status:
        allowed: Condition = Order.status.is_in(*PAID_STATUSES)
    else:
        changes.append(Order.status.set(status))
        allowed = Order.status.is_in(*statuses_before(status))
    if condition is not None:
        allowed &= condition
    if not operations:
        return writes.update_alone(order, changes, allowed, add_version_condition=True)
    return writes.update_with(
        order, changes, allowed & (Order.version == order.version), operations
    )


def _has_open_refund(order: Order) -> bool:
    """Whether money is owed: a refund is not made, or failed."""
    statuses = {refund.status for refund in order.refunds or []}
    is_owed = RefundStatus.FAILED in statuses and sum_money_left(order) > 0
    return RefundStatus.REQUESTED in statuses or is_owed


def contended(order_id: str) -> OrderContended:
    """Return the error of a write that others kept overtaking."""
    return OrderContended(f"{order_id} kept changing; try again")
