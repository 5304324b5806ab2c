"""The books of products: their shelves, and for the whole shop what all orders together hold of them."""

from collections.abc import Callable, Iterable, Iterator

from chalicelib.reconciliation.discrepancies import Discrepancy
from chalicelib.reconciliation.errors import StockTooLarge
from chalicelib.reconciliation.models import Reservation, Stock
from chalicelib.reconciliation.stock_rules import reservations_add_up, shelves_add_up


def of(product_ids: Iterable[str]) -> Iterator[Discrepancy]:
    """What is wrong with these products' own rows."""
    for stock in Stock.batch_get(sorted(product_ids), consistent_read=True):
        yield from shelves_add_up(stock)


def whole(has_time: Callable[[], bool]) -> Iterator[Discrepancy]:
    """What is wrong with any product, and what does not add up over all reservations.

    A product whose row changed while the reservations were read is left out of the sums: goods and reservations move in one
    transaction, so that of all others nothing moved meanwhile. StockTooLarge if there is not time enough to read them all.
    """
    earlier = _all()
    held = list(_timely(Reservation.scan(consistent_read=True), has_time))
    for stock in earlier.values():
        yield from shelves_add_up(stock)
    still = [stock for name, stock in _all().items() if _same(stock, earlier.get(name))]
    yield from reservations_add_up(still, held)


def of_one(product_id: str) -> Iterator[Discrepancy]:
    """What is wrong with this product, over all reservations."""
    yield from (one for one in whole(lambda: True) if one.product_id == product_id)


def _all() -> dict[str, Stock]:
    return {stock.product_id: stock for stock in Stock.scan(consistent_read=True)}


def _same(now: Stock, then: Stock | None) -> bool:
    return then is not None and now.attribute_values == then.attribute_values


def _timely(found: Iterable[Reservation], has_time: Callable[[], bool]) -> Iterator[Reservation]:
    for held in found:
        if not has_time():
            raise StockTooLarge(
                "there are too many reservations to be added up in one run of the Lambda"
            )
        yield held
