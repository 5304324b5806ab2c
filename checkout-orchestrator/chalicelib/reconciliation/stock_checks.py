"""Checks of products: their own rows, and what all orders hold of them."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from chalicelib.discrepancies.models import Discrepancy
from chalicelib.readmodels.inventory import Reservation, Stock, StockMovement
from chalicelib.reconciliation.errors import StockTooLarge
from chalicelib.reconciliation.stock_rules import (
    movements_add_up,
    reservations_add_up,
    stock_adds_up,
    sum_movements,
)

Row = TypeVar("Row")


def check_products(product_ids: Iterable[str]) -> Iterator[Discrepancy]:
    """Check these products' own rows."""
    for stock in Stock.batch_get(sorted(product_ids), consistent_read=True):
        yield from stock_adds_up(stock)


def check_full_stock(has_time: Callable[[], bool]) -> Iterator[Discrepancy]:
    """Check all products' rows, and the sums over all reservations and movements.

    A product that changed while these were read is left out of the sums: they change in one
    transaction with its stock, so nothing of the others changed meanwhile.
    Raises: StockTooLarge if there is no time to read all of them.
    """
    before = _read_stock()
    reservations = list(_while_time(Reservation.scan(consistent_read=True), has_time))
    moved = sum_movements(_while_time(StockMovement.scan(consistent_read=True), has_time))
    for stock in before.values():
        yield from stock_adds_up(stock)
    after = _read_stock()
    unchanged = [stock for name, stock in after.items() if _is_same(stock, before.get(name))]
    yield from reservations_add_up(unchanged, reservations)
    yield from movements_add_up(unchanged, moved)


def check_product(product_id: str) -> Iterator[Discrepancy]:
    """Check one product, with the sums over all reservations."""
    for discrepancy in check_full_stock(lambda: True):
        if discrepancy.product_id == product_id:
            yield discrepancy


def _read_stock() -> dict[str, Stock]:
    return {stock.product_id: stock for stock in Stock.scan(consistent_read=True)}


def _is_same(after: Stock, before: Stock | None) -> bool:
    return before is not None and after.attribute_values == before.attribute_values


def _while_time(rows: Iterable[Row], has_time: Callable[[], bool]) -> Iterator[Row]:
    for row in rows:
        if not has_time():
            raise StockTooLarge(
                "there are too many reservations or movements to be added up in one run"
            )
        yield row
