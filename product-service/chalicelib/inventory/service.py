"""The verbs of the stock."""

from collections import Counter
from collections.abc import Iterable, Sequence

from chalicelib.inventory.errors import OutOfStock, ReservationEnded, StockContended
from chalicelib.inventory.models import COMMITTED, RELEASED, RESERVED, Reservation, Stock
from chalicelib.inventory.returns import restock
from chalicelib.inventory.schemas import OrderLine, ReservationHeld, ReservationState
from chalicelib.inventory.transitions import transition
from common import events, log, metrics, queues

_ANALYTICS_QUEUE = "analytics-queue"


def reserve(order_id: str, lines: Iterable[OrderLine]) -> ReservationHeld:
    """Reserve all lines for the order, or none, for RESERVATION_SECONDS.

    Idempotent: an order reserves once. Undone by `release`, or by expiry.

    Raises: OutOfStock, ReservationEnded, StockContended.
    """
    try:
        reservation = transition(order_id, RESERVED, _quantities(lines))
    except (OutOfStock, ReservationEnded, StockContended) as exc:
        cause = type(exc).__name__
        log.emit_metric("not reserved", {metrics.RESERVATION_CONFLICTS: 1}, cause=cause)
        raise
    return ReservationHeld(order_id=order_id, status=RESERVED, expires_at=reservation.expires_at)


def commit(order_id: str, lines: Iterable[OrderLine]) -> ReservationState:
    """Deduct what the order reserved, and send InventoryUpdated to analytics.

    An expired reservation is deducted from the available stock; so are `lines`, for an order
    that never reserved. Idempotent: stock is deducted once, and the message is sent again with
    the same event id, so that a crash between the two loses nothing. Undone by `release`.

    Raises: OutOfStock, ReservationEnded, StockContended.
    """
    reservation = transition(order_id, COMMITTED, _quantities(lines))
    queues.send(_ANALYTICS_QUEUE, events.to_message(_inventory_updated(reservation)))
    return ReservationState(order_id=order_id, status=COMMITTED)


def release(order_id: str) -> ReservationState:
    """Release what the order holds: reserved, or committed and not returned yet.

    The order cannot reserve any more, even if it held nothing. Idempotent. Not undone.

    Raises: StockContended.
    """
    transition(order_id, RELEASED)
    return ReservationState(order_id=order_id, status=RELEASED)


def return_goods(order_id: str, refund_id: str, lines: Iterable[OrderLine]) -> ReservationState:
    """Restock returned lines of a committed order. The order keeps the rest.

    Idempotent by `refund_id`: the lines of a repeat are ignored. Not undone.

    Raises: NotCommitted (retryable), ReturnTooLarge, ReservationEnded, StockContended.
    """
    reservation = restock(order_id, refund_id, _quantities(lines))
    return ReservationState(order_id=order_id, status=reservation.status)


def get_stocks(product_ids: Sequence[str]) -> dict[str, Stock]:
    """Return the stock of at most 100 products, by id."""
    if not product_ids:
        return {}
    stocks = Stock.batch_get(list(product_ids), consistent_read=True)
    return {stock.product_id: stock for stock in stocks}


def _quantities(lines: Iterable[OrderLine]) -> dict[str, int]:
    """By product: a transaction may touch each stock only once."""
    quantities: Counter[str] = Counter()
    for line in lines:
        quantities[line.product_id] += line.qty
    return quantities


def _inventory_updated(reservation: Reservation) -> events.InventoryUpdated:
    items = [events.Line(item.product_id, item.qty) for item in reservation.items]
    return events.create(events.InventoryUpdated, order_id=reservation.order_id, items=items)
