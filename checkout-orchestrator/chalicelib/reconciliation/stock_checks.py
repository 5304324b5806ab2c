"""Checks of products: their own rows, and what all orders hold of them.

The sums are made for a group of products at a time, page by page over all reservations and
movements. What is held is the group's sums and one page.
"""

from collections.abc import Callable, Iterable, Iterator

import msgspec

from chalicelib.discrepancies.models import Discrepancy
from chalicelib.readmodels.inventory import (
    Reservation,
    ReservationStatus,
    Stock,
    StockMovement,
)
from chalicelib.reconciliation.positions import StockSums
from chalicelib.reconciliation.stock_rules import (
    movements_add_up,
    reservations_add_up,
    stock_adds_up,
)
from common.pages import decode_cursor, encode_cursor

GROUP_SIZE = 500  # products, whose sums fit into `next`
PAGE_SIZE = 1000  # reservations or movements

Treat = Callable[[Iterable[Discrepancy]], None]


def check_products(product_ids: Iterable[str]) -> Iterator[Discrepancy]:
    """Check these products' own rows."""
    for stock in Stock.batch_get(sorted(product_ids), consistent_read=True):
        yield from stock_adds_up(stock)


def check_full_stock(
    sums: StockSums | None, has_time: Callable[[], bool], treat: Treat
) -> StockSums | None:
    """Check all products' rows, and the sums over all reservations and movements.

    Returns where to go on if there was no time for all. A product that changed while its group was
    added up is left out of the sums: they change in one transaction with its stock.
    """
    sums = sums or _begin_group(None, treat)
    while True:
        sums = _add_page(sums)
        if sums.table == "":
            treat(_judge(sums))
            if sums.products is None:
                return None
            sums = _begin_group(sums.products, treat)
        if not has_time():
            return sums


def check_product(product_id: str) -> Iterator[Discrepancy]:
    """Check one product, with the sums over all reservations."""
    stocks = list(Stock.batch_get([product_id], consistent_read=True))
    for stock in stocks:
        yield from stock_adds_up(stock)
    sums = StockSums(rows={stock.product_id: _fingerprint(stock) for stock in stocks})
    while sums.table:
        sums = _add_page(sums)
    yield from _judge(sums)


def _begin_group(cursor: str | None, treat: Treat) -> StockSums:
    """Read the next products, and check their own rows."""
    stocks = Stock.scan(
        limit=GROUP_SIZE, last_evaluated_key=decode_cursor(cursor), consistent_read=True
    )
    rows = {}
    for stock in stocks:
        rows[stock.product_id] = _fingerprint(stock)
        treat(stock_adds_up(stock))
    return StockSums(rows=rows, products=encode_cursor(stocks.last_evaluated_key))


def _add_page(sums: StockSums) -> StockSums:
    """Add a page of reservations, then of movements, until no table is left."""
    model = Reservation if sums.table == "Reservations" else StockMovement
    rows = model.scan(
        limit=PAGE_SIZE, last_evaluated_key=decode_cursor(sums.cursor), consistent_read=True
    )
    for row in rows:
        if isinstance(row, Reservation):
            _add_reservation(sums, row)
        elif isinstance(row, StockMovement):
            _add_change(sums, sums.moved, row.product_id, row.change)
    cursor = encode_cursor(rows.last_evaluated_key)
    following = "StockMovements" if sums.table == "Reservations" else ""
    return msgspec.structs.replace(sums, cursor=cursor, table=sums.table if cursor else following)


def _add_reservation(sums: StockSums, reservation: Reservation) -> None:
    for item in reservation.items:
        if reservation.status == ReservationStatus.RESERVED:
            _add_change(sums, sums.reserved, item.product_id, item.qty)
        elif reservation.status == ReservationStatus.COMMITTED:
            _add_change(sums, sums.sold, item.product_id, item.qty - (item.returned or 0))


def _add_change(sums: StockSums, totals: dict[str, int], product_id: str, change: int) -> None:
    if product_id in sums.rows:
        totals[product_id] = totals.get(product_id, 0) + change


def _judge(sums: StockSums) -> Iterator[Discrepancy]:
    for stock in Stock.batch_get(sorted(sums.rows), consistent_read=True):
        name = stock.product_id
        if _fingerprint(stock) == sums.rows[name]:
            yield from reservations_add_up(
                stock, sums.reserved.get(name, 0), sums.sold.get(name, 0)
            )
            yield from movements_add_up(stock, sums.moved.get(name, 0))


def _fingerprint(stock: Stock) -> str:
    """Everything that changes with the product's stock."""
    counts = (stock.available, stock.reserved, stock.sold, stock.supplied)
    return f"{counts} {stock.has_ledger} {stock.updated_at}"
