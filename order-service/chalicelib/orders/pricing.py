"""What goods cost: from the catalogue alone, the same for every way of ordering."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from chalicelib.orders import catalogue
from chalicelib.orders.catalogue import Product
from chalicelib.orders.errors import (
    MixedCurrencies,
    OutOfStock,
    PriceChanged,
    ProductNotFound,
    QuantityTooLarge,
    TooManyLines,
    TotalTooLarge,
)
from chalicelib.orders.models import OrderLine
from chalicelib.orders.schemas import MOST_LINES, MOST_OF_ONE, Line
from common import ids, money


@dataclass(frozen=True)
class Quote:
    """Lines at today's prices; amounts in minor units of one currency."""

    lines: list[OrderLine]
    total_minor: int
    currency: str


def quote(wanted: Iterable[Line], expected_total: Decimal | None) -> Quote:
    """Price the goods, lines of the same product merged into one.

    Raises TooManyLines, QuantityTooLarge, ProductNotFound, OutOfStock, MixedCurrencies, TotalTooLarge, or PriceChanged
    if the total is not the expected one. Reads only: nothing is reserved.
    """
    quantities = _merged(wanted)
    products = _products(quantities)
    _insist_on_stock(products, quantities)
    lines = [_line(products[product_id], qty) for product_id, qty in quantities.items()]
    total = Quote(lines, sum(line.line_total_minor for line in lines), _one_currency(products))
    _insist_on_total(total, expected_total)
    return total


def _merged(wanted: Iterable[Line]) -> dict[str, int]:
    quantities: Counter[str] = Counter()
    for line in wanted:
        quantities[ids.parse("PROD", line.product_id)] += line.qty
    if len(quantities) > MOST_LINES:
        raise TooManyLines(
            f"{len(quantities)} different products: at most {MOST_LINES} go into an order"
        )
    for product_id, qty in quantities.items():
        if qty > MOST_OF_ONE:
            raise QuantityTooLarge(
                f"{product_id}: {qty} wanted, at most {MOST_OF_ONE} go into an order"
            )
    return dict(quantities)


def _products(quantities: Mapping[str, int]) -> dict[str, Product]:
    products = catalogue.products_sold(quantities)
    if missing := [product_id for product_id in quantities if product_id not in products]:
        raise ProductNotFound(f"not for sale: {', '.join(missing)}")
    return products


def _insist_on_stock(products: Mapping[str, Product], quantities: Mapping[str, int]) -> None:
    left = catalogue.stock_left(quantities)
    short = [
        f"{products[product_id].name} ({product_id}): {qty} wanted, {left.get(product_id, 0)} left"
        for product_id, qty in quantities.items()
        if qty > left.get(product_id, 0)
    ]
    if short:
        raise OutOfStock("; ".join(short))


def _one_currency(products: Mapping[str, Product]) -> str:
    currencies = sorted({product.currency for product in products.values()})
    if len(currencies) > 1:
        raise MixedCurrencies(
            f"the prices are in {' and '.join(currencies)}: order them separately"
        )
    return currencies[0]


def _line(product: Product, qty: int) -> OrderLine:
    return OrderLine(
        product_id=product.product_id,
        name=product.name,
        qty=qty,
        price_minor=product.price_minor,
        line_total_minor=product.price_minor * qty,
    )


def _insist_on_total(priced: Quote, expected: Decimal | None) -> None:
    total, currency = priced.total_minor, priced.currency
    if total > money.MAX_AMOUNT:
        most = money.format_amount(money.MAX_AMOUNT, currency)
        raise TotalTooLarge(
            f"the total is {money.format_amount(total, currency)}, more than {most}"
        )
    if expected is not None and money.minor(expected, currency) != total:
        raise PriceChanged(
            f"the total is {money.format_amount(total, currency)}, not {expected} {currency} as expected"
        )
