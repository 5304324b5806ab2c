"""Business metrics of orders: each change of status is counted once."""

from datetime import UTC, datetime, timedelta

from chalicelib.orders.models import Order
from chalicelib.orders.statuses import OrderStatus
from common import log, metrics

_BY_STATUS = {
    OrderStatus.CONFIRMED: metrics.ORDERS_CONFIRMED,
    OrderStatus.FAILED: metrics.ORDERS_FAILED,
    OrderStatus.EXPIRED: metrics.ORDERS_EXPIRED,
    OrderStatus.CANCELLED: metrics.ORDERS_CANCELLED,
}


def count_stored(order: Order) -> None:
    """Count an order that was just stored: placed, or failed before it was placed."""
    status = OrderStatus(order.status)
    if status == OrderStatus.CREATED:
        log.emit_metric("order placed", {metrics.ORDERS_PLACED: 1})
    else:
        log.emit_metric("order never placed", {_BY_STATUS[status]: 1}, status=status)


def count_cancelled_purchase(order: Order) -> None:
    """Count a paid order that was just cancelled."""
    values = {metrics.ORDERS_CANCELLED: 1}
    log.emit_metric("paid order cancelled", values, status=OrderStatus(order.status))


def count_ended(order: Order) -> None:
    """Count an order that just left CREATED, its duration, and its revenue if paid."""
    status = OrderStatus(order.status)
    duration = datetime.now(UTC) - datetime.fromisoformat(order.created_at)
    values = {
        _BY_STATUS[status]: 1,
        metrics.CHECKOUT_DURATION: duration // timedelta(milliseconds=1),
    }
    if status == OrderStatus.CONFIRMED:
        values[metrics.REVENUE] = order.total_minor
    log.emit_metric("order ended", values, status=status, currency=order.currency)
