"""Write orders together with the uses of their coupons, in one transaction."""

from collections.abc import Mapping

from pynamodb.expressions.update import Action

from chalicelib.orders.errors import OrderContended
from chalicelib.orders.models import Order
from chalicelib.orders.statuses import OrderStatus, statuses_before
from chalicelib.promotions import uses
from chalicelib.promotions.errors import CouponOver
from chalicelib.promotions.uses import Limits
from common import clock, dynamodb, transactions

_ORDER = 0  # position in the transactions
UNPAID_ENDS = frozenset({OrderStatus.FAILED, OrderStatus.EXPIRED, OrderStatus.CANCELLED})


def store_order(order: Order, limits: Mapping[str, Limits]) -> bool:
    """Store the order and count its coupons. False if there is one of its id.

    Raises: CouponOver if a coupon has no use left; OrderContended.
    """
    is_new = Order.order_id.does_not_exist()
    counting = [
        operation
        for promotion_id in limits
        for operation in uses.count_use(promotion_id, limits[promotion_id])
    ]
    if not counting:
        return dynamodb.save_if(order, is_new)
    try:
        transactions.write(transactions.put(order, is_new), *counting)
    except transactions.TransactionCancelled as exc:
        if _ORDER in exc.failed:
            return False
        raise CouponOver("couponCodes: all uses of a coupon are taken") from None
    except transactions.TransactionContended:
        raise OrderContended("too many orders with this coupon; try again") from None
    return True


def change_status(order: Order, status: OrderStatus, *actions: Action) -> bool:
    """Give the order a status that may follow its own, and the actions.

    An order that ends unpaid returns the uses of its coupons. False if it may not follow.
    The condition is the status alone: the version counts changes but rejects none.
    """
    changes = [Order.status.set(status), Order.updated_at.set(clock.now()), *actions]
    is_allowed = Order.status.is_in(*statuses_before(status))
    returning = [
        operation
        for promotion in order.promotions or []
        for operation in uses.return_use(promotion.promotion_id, promotion.counted_for)
    ]
    if status not in UNPAID_ENDS or not returning:
        return dynamodb.update_if(order, changes, is_allowed, add_version_condition=False)
    try:
        transactions.write(transactions.update(order, changes, is_allowed), *returning)
    except transactions.TransactionCancelled:
        return False
    order.refresh(consistent_read=True)
    return True
