"""End orders together with the uses of their coupons, in one transaction."""

from collections.abc import Sequence

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.orders.errors import OrderContended
from chalicelib.orders.models import Order
from chalicelib.orders.statuses import OrderStatus, statuses_before
from chalicelib.promotions import uses
from common import clock, dynamodb, transactions

UNPAID_ENDS = frozenset({OrderStatus.FAILED, OrderStatus.EXPIRED, OrderStatus.CANCELLED})


def change_status(order: Order, status: OrderStatus, *actions: Action) -> bool:
    """Give the order a status that may follow its own, and the actions.

    An order that ends unpaid returns the uses of its coupons. False if it may not follow.
    The condition is the status alone: the version counts changes but rejects none.
    """
    changes = [Order.status.set(status), Order.updated_at.set(clock.now()), *actions]
    is_allowed = Order.status.is_in(*statuses_before(status))
    returning = return_uses(order) if status in UNPAID_ENDS else []
    if not returning:
        return update_alone(order, changes, is_allowed)
    return update_with(order, changes, is_allowed, returning)


def update_alone(
    order: Order, changes: list[Action], condition: Condition, add_version_condition: bool = False
) -> bool:
    """Update the order, with the trace of staff. False if the condition did not hold.

    Raises: OrderContended.
    """
    try:
        return dynamodb.update_if(
            order, changes, condition, add_version_condition=add_version_condition
        )
    except transactions.TransactionContended:
        raise OrderContended(f"{order.order_id} kept changing; try again") from None


def return_uses(order: Order) -> list[transactions.Operation]:
    """Return the operations that give the uses of the order's coupons back."""
    return [
        operation
        for promotion in order.promotions or []
        for operation in uses.return_use(promotion.promotion_id, promotion.counted_for)
    ]


def update_with(
    order: Order,
    changes: list[Action],
    condition: Condition,
    operations: Sequence[transactions.Operation],
) -> bool:
    """Update the order in one transaction with other operations, and refresh it.

    Returns False if the condition did not hold. Raises: OrderContended.
    """
    try:
        transactions.write(transactions.update(order, changes, condition), *operations)
    except transactions.TransactionCancelled:
        return False
    except transactions.TransactionContended:
        raise OrderContended("too many orders with this coupon; try again") from None
    order.refresh(consistent_read=True)
    return True
