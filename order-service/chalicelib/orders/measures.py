"""What is counted of orders: each change of status once, by whoever made it."""

from datetime import UTC, datetime, timedelta

from chalicelib.orders.models import CANCELLED, CONFIRMED, CREATED, EXPIRED, FAILED, Order
from common import log, metrics

_ENDED = {
    CONFIRMED: metrics.ORDERS_CONFIRMED,
    FAILED: metrics.ORDERS_FAILED,
    EXPIRED: metrics.ORDERS_EXPIRED,
    CANCELLED: metrics.ORDERS_CANCELLED,
}


def stored(order: Order) -> None:
    """The order was not there before: it was placed, or failed before it could be."""
    if order.status == CREATED:
        log.emit_metric("order placed", {metrics.ORDERS_PLACED: 1})
    else:
        log.emit_metric("order never placed", {_ENDED[order.status]: 1}, status=order.status)


def ended(order: Order) -> None:
    """The order has just got the status that it ends with; what comes after that are refunds."""
    took = datetime.now(UTC) - datetime.fromisoformat(order.created_at)
    values = {_ENDED[order.status]: 1, metrics.CHECKOUT_DURATION: took // timedelta(milliseconds=1)}
    if order.status == CONFIRMED:
        values[metrics.REVENUE] = order.total_minor
    log.emit_metric("order ended", values, status=order.status, currency=order.currency)
