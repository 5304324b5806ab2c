"""The verbs of the stock."""

from collections import Counter
from collections.abc import Iterable

from pynamodb.expressions.update import Action

from chalicelib.inventory.errors import (
    OutOfStock,
    ProductNotFound,
    ReservationEnded,
    StockContended,
)
from chalicelib.inventory.models import COMMITTED, RELEASED, RESERVED, Reservation, Stock
from chalicelib.inventory.returns import restock
from chalicelib.inventory.schemas import OrderLine, ReservationHeld, ReservationState, StockLevel
from chalicelib.inventory.transitions import transition
from common import clock, dynamodb, events, ids, log, metrics, queues, transactions
from common.retry import RetryPolicy

_ANALYTICS_QUEUE = "analytics-queue"
_CONFLICT_RETRIES = RetryPolicy(tries=10, pause_seconds=0.01, max_pause_seconds=0.1)


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


def set_stock(product_id: str, available: int) -> StockLevel:
    """Set the available stock. Supplied changes by the difference.

    Reserved and sold stay. Idempotent; conditional on the stock that was read, so that
    concurrent reservations are not lost.

    Raises: ProductNotFound, StockContended.
    """
    for _ in _CONFLICT_RETRIES.attempts():
        stock = _get_stock(product_id)
        difference = available - stock.available
        try:
            transactions.write(_set_available_op(stock, available))
        except transactions.TransactionCancelled:
            continue
        except transactions.TransactionContended:
            break
        stock.available, stock.supplied = available, stock.supplied + difference
        return _stock_level(stock)
    raise StockContended("the stock kept changing while it was being set; try again")


def get_available_stock(product_id: str) -> int:
    """Return the available quantity of the product. Raises: ProductNotFound."""
    return _get_stock(product_id).available


def initial_stock(product_id: str, supplied: int) -> transactions.Operation:
    """Return the operation that stores a new product's stock."""
    stock = Stock(product_id, available=supplied, supplied=supplied, updated_at=clock.now())
    return transactions.put(stock, Stock.product_id.does_not_exist())


def _quantities(lines: Iterable[OrderLine]) -> dict[str, int]:
    """By product: a transaction may touch each stock only once."""
    quantities: Counter[str] = Counter()
    for line in lines:
        quantities[line.product_id] += line.qty
    return quantities


def _inventory_updated(reservation: Reservation) -> events.InventoryUpdated:
    items = [events.Line(item.product_id, item.qty) for item in reservation.items]
    return events.create(events.InventoryUpdated, order_id=reservation.order_id, items=items)


def _get_stock(product_id: str) -> Stock:
    product_id = ids.parse("PROD", product_id)
    stock = dynamodb.find(Stock, product_id)
    if stock is None:
        raise ProductNotFound(f"{product_id} has no stock: there is no such product")
    return stock


def _set_available_op(stock: Stock, available: int) -> transactions.Operation:
    actions: list[Action] = [
        Stock.available.set(available),
        Stock.supplied.add(available - stock.available),
        Stock.updated_at.set(clock.now()),
    ]
    return transactions.update(stock, actions, Stock.available == stock.available)


def _stock_level(stock: Stock) -> StockLevel:
    return StockLevel(
        product_id=stock.product_id,
        available_stock=stock.available,
        reserved_stock=stock.reserved,
        sold_stock=stock.sold,
        supplied_stock=stock.supplied,
    )
