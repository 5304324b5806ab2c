"""What goods cost: catalogue prices, the same for every way of ordering."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from chalicelib.orders import readmodels
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
from chalicelib.orders.readmodels import Product
from chalicelib.orders.schemas import MAX_LINES, MAX_QTY, ProductQuantity
from chalicelib.quotes import service as quotes
from chalicelib.quotes.calculation import PricedLine
from chalicelib.quotes.discounts import STANDARD, Good
from chalicelib.quotes.schemas import PriceTerms
from chalicelib.quotes.service import Customer, Quoted
from common import ids, money
from common.batch_reads import BatchReader

Quantities = dict[str, int]
Lines = Iterable[ProductQuantity]


@dataclass(frozen=True)
class Quote:
    """Lines at current prices, amounts in minor units of one currency."""

    lines: list[OrderLine]
    total_minor: int
    currency: str
    quoted: Quoted


def quote(
    lines: Iterable[ProductQuantity],
    terms: PriceTerms,
    customer: Customer,
    expected_total: Decimal | None,
    reader: BatchReader,
) -> Quote:
    """Return the price of the goods, lines of the same product merged into one.

    Reads only, and with `reader` what that has not read: reserves neither goods nor coupons.

    Raises: TooManyLines, QuantityTooLarge, ProductNotFound, OutOfStock, MixedCurrencies,
    TotalTooLarge, what `quotes.find_price` raises, and PriceChanged when the total is not the
    expected one.
    """
    quantities = merge_lines(lines)
    _validate_quantities(quantities)
    reader.read(
        *readmodels.product_keys(quantities),
        *readmodels.stock_keys(quantities),
        *quotes.coupon_keys(terms, customer.user_id),
    )
    products = _get_products(quantities, reader)
    _validate_stock(products, quantities, reader)
    currency = _common_currency(products)
    goods = [_good(products[product_id], qty) for product_id, qty in quantities.items()]
    quoted = quotes.find_price(goods, currency, terms, customer, reader)
    priced = {line.good.product_id: line for line in quoted.price.lines}
    order_lines = [_order_line(products[name], priced[name]) for name in quantities]
    _validate_total(quoted.price.total, currency, expected_total)
    return Quote(order_lines, quoted.price.total, currency, quoted)


def require_shown_total(quote: Quote, shown: Mapping[str, int]) -> None:
    """Raise PriceChanged where goods cost more than their customer's cart last showed.

    `shown`: minor units by product. What was not in the cart counts at its present price.
    """
    total = sum(line.price_minor * line.qty for line in quote.lines)
    last = sum(shown.get(line.product_id, line.price_minor) * line.qty for line in quote.lines)
    if total > last:
        raise PriceChanged(
            f"the total is {money.format_amount(total, quote.currency)}, and the cart showed"
            f" {money.format_amount(last, quote.currency)}: read the cart again, or send the"
            " total as expectedTotal"
        )


def merge_lines(lines: Iterable[ProductQuantity]) -> Quantities:
    """Return the quantity of each product, all its lines added up.

    Raises: InvalidId for a product id that cannot be one.
    """
    quantities: Counter[str] = Counter()
    for line in lines:
        quantities[ids.parse("PROD", line.product_id)] += line.qty
    return dict(quantities)


def known_ids(lines: Lines) -> list[str]:
    """Return the ids of the products, none if the lines are refused."""
    try:
        product_ids = list(merge_lines(lines))
    except ids.InvalidId:
        return []
    return product_ids if len(product_ids) <= MAX_LINES else []


def _validate_quantities(quantities: Quantities) -> None:
    if len(quantities) > MAX_LINES:
        raise TooManyLines(
            f"{len(quantities)} different products: at most {MAX_LINES} go into an order"
        )
    for product_id, qty in quantities.items():
        if qty > MAX_QTY:
            raise QuantityTooLarge(
                f"{product_id}: {qty} wanted, at most {MAX_QTY} go into an order"
            )


def _get_products(quantities: Quantities, reader: BatchReader) -> dict[str, Product]:
    products = readmodels.active_products(reader, quantities)
    if missing := [product_id for product_id in quantities if product_id not in products]:
        raise ProductNotFound(f"not for sale: {', '.join(missing)}")
    return products


def _validate_stock(
    products: Mapping[str, Product], quantities: Quantities, reader: BatchReader
) -> None:
    available = readmodels.available_stock(reader, quantities)
    missing = [
        f"{products[product_id].name} ({product_id}):"
        f" {qty} wanted, {available.get(product_id, 0)} left"
        for product_id, qty in quantities.items()
        if qty > available.get(product_id, 0)
    ]
    if missing:
        raise OutOfStock("; ".join(missing))


def _common_currency(products: Mapping[str, Product]) -> str:
    currencies = sorted({product.currency for product in products.values()})
    if len(currencies) > 1:
        raise MixedCurrencies(
            f"the prices are in {' and '.join(currencies)}: order them separately"
        )
    return currencies[0]


def _good(product: Product, qty: int) -> Good:
    return Good(
        product.product_id,
        qty,
        product.price_minor,
        tax_class=product.tax_class or STANDARD,
        weight_grams=product.weight_grams or 0,
        categories=frozenset(filter(None, [product.category, *(product.categories or ())])),
    )


def _order_line(product: Product, priced: PricedLine) -> OrderLine:
    return OrderLine(
        product_id=product.product_id,
        name=product.name,
        qty=priced.good.qty,
        price_minor=product.price_minor,
        line_total_minor=priced.taxed.total,
        discount_minor=priced.discount,
        tax_minor=priced.taxed.tax,
        tax_name=priced.taxed.rate.name,
    )


def _validate_total(total_minor: int, currency: str, expected: Decimal | None) -> None:
    total = money.format_amount(total_minor, currency)
    if total_minor > money.MAX_AMOUNT:
        limit = money.format_amount(money.MAX_AMOUNT, currency)
        raise TotalTooLarge(f"the total is {total}, more than {limit}")
    if expected is not None and money.minor(expected, currency) != total_minor:
        raise PriceChanged(f"the total is {total}, not {expected} {currency} as expected")
