"""Checks of products: their own rows, and what all orders hold of them."""

from collections.abc import Callable, Iterable, Iterator

from chalicelib.discrepancies.models import Discrepancy
from chalicelib.readmodels.inventory import Reservation, Stock
from chalicelib.reconciliation.errors import StockTooLarge
from chalicelib.reconciliation.stock_rules import reservations_add_up, stock_adds_up


def check_products(product_ids: Iterable[str]) -> Iterator[Discrepancy]:
    """Check these products' own rows."""
    for stock in Stock.batch_get(sorted(product_ids), consistent_read=True):
        yield from stock_adds_up(stock)


def check_full_stock(has_time: Callable[[], bool]) -> Iterator[Discrepancy]:
    """Check all products' rows, and the sums over all reservations.

    A product that changed while the reservations were read is left out of the sums: stock and
    reservations change in one transaction, so nothing of the others changed meanwhile.
    Raises: StockTooLarge if there is no time to read all reservations.
    """
    before = _read_stock()
    reservations = list(_while_time(Reservation.scan(consistent_read=True), has_time))
    for stock in before.values():
        yield from stock_adds_up(stock)
    after = _read_stock()
    unchanged = [stock for name, stock in after.items() if _is_same(stock, before.get(name))]
    yield from reservations_add_up(unchanged, reservations)


def check_product(product_id: str) -> Iterator[Discrepancy]:
    """Check one product, with the sums over all reservations."""
    for discrepancy in check_full_stock(lambda: True):
        if discrepancy.product_id == product_id:
            yield discrepancy


def _read_stock() -> dict[str, Stock]:
    return {stock.product_id: stock for stock in Stock.scan(consistent_read=True)}


def _is_same(after: Stock, before: Stock | None) -> bool:
    return before is not None and after.attribute_values == before.attribute_values


def _while_time(
    reservations: Iterable[Reservation], has_time: Callable[[], bool]
) -> Iterator[Reservation]:
    for reservation in reservations:
        if not has_time():
            raise StockTooLarge(
                "there are too many reservations to be added up in one run of the Lambda"
            )
        yield reservation
