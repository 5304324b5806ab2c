"""Cancel a paid order of which nothing was shipped.

One conditional write decides between cancelling and shipping: an order that is CANCELLING is not
shipped, and one of which something was shipped is not cancelled. All that follows comes after it:
the warehouse is told first, then the money goes back, then the goods are restocked.
"""

from chalicelib.orders import lookups, metrics, refunds, writes
from chalicelib.orders.errors import OrderAlreadyEnded, OrderAlreadyShipped
from chalicelib.orders.models import Order, Refund
from chalicelib.orders.refund_amounts import count_goods_left, sum_money_left, validate_undisputed
from chalicelib.orders.refund_records import (
    CONFLICT_RETRIES,
    contended,
    refund_lines,
    save_refunds,
)
from chalicelib.orders.statuses import FulfilmentStatus, OrderStatus, RefundStatus
from common import clock, ids

IS_UNSHIPPED = Order.fulfilment_status.does_not_exist() | (
    Order.fulfilment_status == FulfilmentStatus.UNFULFILLED
)
_REASON = "the order was cancelled"


def cancel_paid_order(order_id: str, requested_by: str) -> Order:
    """Make a paid order CANCELLING, with a refund of all that is left.

    Returns the uses of its coupons. Publishes RefundRequested. Idempotent. Not undone.

    Raises: OrderAlreadyShipped, OrderAlreadyEnded when it is refunded,
    OrderDisputed, OrderContended.
    """
    for _ in CONFLICT_RETRIES.attempts():
        order = lookups.get(order_id)
        if order.cancelled_at:
            if _ask_again(order):
                return order
            continue
        _validate_cancellable(order)
        refund = _refund_of_rest(order, requested_by)
        if _save(order, refund):
            metrics.count_cancelled_purchase(order)
            return order
    raise contended(order_id)


def _ask_again(order: Order) -> bool:
    """Ask again for the refund of a cancelled order, unless it was made otherwise."""
    (refund,) = [one for one in order.refunds or [] if one.cancels_order]
    is_owed = refund.status != RefundStatus.FAILED or sum_money_left(order) > 0
    return refunds.ask_again(order, refund) if is_owed else True


def _validate_cancellable(order: Order) -> None:
    if order.status == OrderStatus.REFUNDED:
        raise OrderAlreadyEnded(f"{order.order_id} is {order.status}")
    validate_undisputed(order)
    if order.fulfilment_status not in (None, FulfilmentStatus.UNFULFILLED):
        raise OrderAlreadyShipped(
            f"{order.order_id} is {order.fulfilment_status}: return its goods instead"
        )


def _refund_of_rest(order: Order, requested_by: str) -> Refund:
    """Return the refund of all that is left, which may be nothing."""
    return Refund(
        refund_id=ids.deterministic("REFUND", order.order_id, "cancellation"),
        lines=refund_lines(count_goods_left(order)),
        amount_minor=sum_money_left(order),
        whole=True,
        restock=True,
        cancels_order=True,
        reason=_REASON,
        requested_by=requested_by,
        request_hash="",
        requested_at=clock.now(),
    )


def _save(order: Order, refund: Refund) -> bool:
    return save_refunds(
        order,
        [*(order.refunds or []), refund],
        OrderStatus.CANCELLING,
        Order.cancelled_at.set(clock.now()),
        condition=IS_UNSHIPPED,
        operations=writes.return_uses(order),
    )
