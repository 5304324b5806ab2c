"""The verbs of the stock."""

from collections import Counter
from collections.abc import Iterable

from chalicelib.inventory.errors import OutOfStock, ReservationEnded, StockContended, StockMoving
from chalicelib.inventory.models import COMMITTED, RELEASED, RESERVED, Goods, Reservation, Stock
from chalicelib.inventory.moves import move
from chalicelib.inventory.returns import put_back
from chalicelib.inventory.schemas import Line, Reserved, Settled, StockShown
from chalicelib.products.errors import ProductNotFound
from common import clock, events, ids, log, metrics, queues, transactions

_ANALYTICS = "analytics-queue"
_TRIES = 10


def reserve(order_id: str, lines: Iterable[Line]) -> Reserved:
    """Hold all lines for the order, or none, until RESERVATION_SECONDS from now.

    Raises OutOfStock, ReservationEnded, StockContended. Safe to repeat: an order reserves once. Undone by release, or by
    itself once the time is over.
    """
    try:
        reservation = move(order_id, RESERVED, _merged(lines))
    except (OutOfStock, ReservationEnded, StockContended) as conflict:
        cause = type(conflict).__name__
        log.emit_metric("not reserved", {metrics.RESERVATION_CONFLICTS: 1}, cause=cause)
        raise
    return Reserved(order_id=order_id, status=RESERVED, expires_at=int(reservation.expires_at))


def commit(order_id: str, lines: Iterable[Line]) -> Settled:
    """Deduct what the order reserved, and tell analytics with InventoryUpdated.

    An expired reservation is taken from what is available again; an order that never reserved is deducted directly, by
    `lines`. Raises OutOfStock, ReservationEnded, StockContended. Safe to repeat: stock is deducted once, and the
    message sent again with the same event id, so that a crash between the two cannot lose it. Undone by release.
    """
    reservation = move(order_id, COMMITTED, _merged(lines))
    queues.send(_ANALYTICS, events.to_message(_updated(reservation)))
    return Settled(order_id=order_id, status=COMMITTED)


def release(order_id: str) -> Settled:
    """Give back what the order holds: what is reserved gets available, what was committed and not returned is restocked.

    An order that holds nothing cannot reserve any more. Raises StockContended. Safe to repeat; not undone.
    """
    move(order_id, RELEASED)
    return Settled(order_id=order_id, status=RELEASED)


def return_goods(order_id: str, refund_id: str, lines: Iterable[Line]) -> Settled:
    """Restock what comes back of a committed order, once for each refund; the order keeps the rest.

    Raises NotCommitted (before the commit: to be tried again), ReturnTooLarge, ReservationEnded, StockContended. Safe to
    repeat: a refund that was seen changes nothing, whatever the lines say. Not undone.
    """
    reservation = put_back(order_id, refund_id, _merged(lines))
    return Settled(order_id=order_id, status=reservation.status)


def set_stock(product_id: str, count: int) -> StockShown:
    """Make so many available; what is reserved or sold stays, and supplied changes by the difference.

    Raises ProductNotFound, StockMoving. Safe to repeat, and safe while others reserve: it holds only for the stock that was
    seen.
    """
    for _ in range(_TRIES):
        stock = _find(product_id)
        difference = count - stock.available
        try:
            transactions.write(_counted(stock, count))
        except transactions.TransactionCancelled:
            continue
        except transactions.TransactionContended:
            break
        stock.available, stock.supplied = count, stock.supplied + difference
        return _shown(stock)
    raise StockMoving("the stock kept changing while it was being set; try again")


def available_stock(product_id: str) -> int:
    """How many of the product can be bought now."""
    return int(_find(product_id).available)


def first_supply(product_id: str, count: int) -> transactions.Operation:
    """Put a new product's stock on the shelf: a part of the transaction that creates the product."""
    stock = Stock(product_id, available=count, supplied=count, updated_at=clock.now())
    return transactions.put(stock, Stock.product_id.does_not_exist())


def _merged(lines: Iterable[Line]) -> list[Goods]:
    """One line a product: a transaction may touch each stock once."""
    totals: Counter[str] = Counter()
    for line in lines:
        totals[line.product_id] += line.qty
    return [Goods(product_id=product_id, qty=qty) for product_id, qty in totals.items()]


def _updated(reservation: Reservation) -> events.InventoryUpdated:
    items = [events.Line(item.product_id, int(item.qty)) for item in reservation.items]
    return events.create(events.InventoryUpdated, order_id=reservation.order_id, items=items)


def _find(product_id: str) -> Stock:
    product_id = ids.parse("PROD", product_id)
    try:
        return Stock.get(product_id, consistent_read=True)
    except Stock.DoesNotExist:
        raise ProductNotFound(f"{product_id} has no stock: there is no such product") from None


def _counted(stock: Stock, count: int) -> transactions.Operation:
    return transactions.update(
        stock,
        [
            Stock.available.set(count),
            Stock.supplied.add(count - stock.available),
            Stock.updated_at.set(clock.now()),
        ],
        Stock.available == stock.available,
    )


def _shown(stock: Stock) -> StockShown:
    return StockShown(
        product_id=stock.product_id,
        available_stock=int(stock.available),
        reserved_stock=int(stock.reserved),
        sold_stock=int(stock.sold),
        supplied_stock=int(stock.supplied),
    )
