"""The price of goods for a customer: the calculation with the shop's own settings."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.promotions import conditions, uses
from chalicelib.promotions import service as promotions
from chalicelib.promotions.conditions import Basket
from chalicelib.promotions.models import PromotionRow
from chalicelib.quotes import arithmetic, discounts
from chalicelib.quotes.calculation import Price, Shipping, calculate
from chalicelib.quotes.discounts import Effect, Good, Promotion
from chalicelib.quotes.ports import FindTaxRate, Parcel, TaxRate
from chalicelib.quotes.schemas import PriceTerms
from chalicelib.shipping import rates
from chalicelib.shipping import service as shipping
from chalicelib.shipping.errors import ShippingMethodNotAvailable
from chalicelib.shipping.models import ShippingMethod
from chalicelib.taxes import service as taxes
from common import clock, ids
from common.batch_reads import BatchReader, Key

_UNTAXED = "No tax"


@dataclass(frozen=True)
class Customer:
    """Who is quoted. `user_id` is None for somebody who is not logged in."""

    user_id: str | None
    is_first_order: Callable[[], bool]
    is_guest: bool = False


@dataclass(frozen=True)
class Option:
    """A method that serves the address, and its price after promotions in minor units."""

    method: ShippingMethod
    price: int


@dataclass(frozen=True)
class Quoted:
    """A price, and what it was made from."""

    price: Price
    options: Sequence[Option]
    method: ShippingMethod | None
    promotions: Sequence[PromotionRow]  # those that lower it


def coupon_keys(terms: PriceTerms, user_id: str | None) -> list[Key[Any]]:
    """Return the keys of the coupons of these terms, and of their uses."""
    coupons = promotions.coupon_keys(terms.coupon_codes)
    return [*coupons, *(key for each in coupons for key in uses.keys(each.hash_key, user_id))]


def tax_keys(terms: PriceTerms, tax_classes: Iterable[str | None]) -> list[Key[Any]]:
    """Return the keys of the tax rates of goods of these classes, shipping apart."""
    address = terms.shipping_address
    if address is None:
        return []
    classes = {name or discounts.STANDARD for name in tax_classes}
    return [*taxes.rate_keys(address.country, address.region, classes)]


def find_price(
    goods: Sequence[Good],
    currency: str,
    terms: PriceTerms,
    customer: Customer,
    reader: BatchReader,
) -> Quoted:
    """Return what goods cost on these terms. Writes nothing, and reserves no coupon.

    Without a method it is the cheapest that serves the address, if any.

    Raises: CouponNotFound, CouponOver, CouponNotApplicable, ShippingMethodNotAvailable.
    """
    rows = _find_promotions(goods, currency, terms, customer, reader)
    applicable = [_promotion(row) for row in rows]
    methods = []
    if terms.shipping_address is not None:
        methods = [method for method in shipping.list_all() if method.currency == currency]
    find_tax_rate = _find_tax_rate(terms, goods, methods, reader)
    unshipped = calculate(goods, applicable, None, find_tax_rate)
    options = _options(unshipped, goods, methods, terms, applicable)
    method = _choose(options, terms)
    price = unshipped
    if method is not None:
        sent = Shipping(lambda parcel: _price_of(method, parcel), method.tax_class)
        price = calculate(goods, applicable, sent, find_tax_rate)
    applied = [row for row in rows if row.id in price.applied]
    return Quoted(price, options, method, applied)


def _find_promotions(
    goods: Sequence[Good],
    currency: str,
    terms: PriceTerms,
    customer: Customer,
    reader: BatchReader,
) -> list[PromotionRow]:
    subtotal = sum(good.list_total for good in goods)
    basket = Basket(
        goods, subtotal, currency, clock.now(), customer.is_first_order, customer.is_guest
    )
    coupons = promotions.get_coupons(terms.coupon_codes, reader)
    for coupon in coupons:
        conditions.validate(basket, coupon)
        uses.require_left(coupon, customer.user_id, reader)
    automatic = [row for row in promotions.list_automatic() if conditions.meets(basket, row)]
    return [*coupons, *automatic]


def _find_tax_rate(
    terms: PriceTerms,
    goods: Sequence[Good],
    methods: Sequence[ShippingMethod],
    reader: BatchReader,
) -> FindTaxRate:
    """Read the rates of all tax classes at once."""
    address = terms.shipping_address
    if address is None:
        return lambda tax_class: TaxRate(_UNTAXED, 0, zero_reason="No shipping address")
    classes = {good.tax_class for good in goods} | {method.tax_class for method in methods}
    rows = taxes.find_rates(address.country, address.region, classes, reader)
    known = {
        name: TaxRate(row.name, int(row.millionths), row.included, row.zero_reason)
        for name, row in rows.items()
    }
    none = TaxRate(_UNTAXED, 0, zero_reason=f"No rate for {address.country}")
    return lambda tax_class: known.get(tax_class, none)


def _options(
    unshipped: Price,
    goods: Sequence[Good],
    methods: Sequence[ShippingMethod],
    terms: PriceTerms,
    applicable: Sequence[Promotion],
) -> list[Option]:
    """Return the methods that serve the address and these goods, the cheapest first."""
    if terms.shipping_address is None:
        return []
    weight = sum(good.weight_grams * good.qty for good in goods)
    subtotal = unshipped.subtotal - unshipped.discount_total
    options = []
    for method in methods:
        price = rates.find_price(method, weight, subtotal)
        classes = [good.tax_class for good in goods]
        if price is not None and rates.serves(method, terms.shipping_address, classes):
            discount, _ = discounts.take_off_shipping(price, applicable)
            options.append(Option(method, price - discount))
    return sorted(options, key=lambda option: (option.price, option.method.id))


def _choose(options: Sequence[Option], terms: PriceTerms) -> ShippingMethod | None:
    if terms.shipping_method_id is None:
        return options[0].method if options else None
    method_id = ids.parse(ShippingMethod.id_prefix, terms.shipping_method_id)
    for option in options:
        if option.method.id == method_id:
            return option.method
    raise ShippingMethodNotAvailable(
        f"shippingMethodId: {method_id} does not serve this address and these goods"
    )


def _price_of(method: ShippingMethod, parcel: Parcel) -> int:
    price = rates.find_price(method, parcel.weight_grams, parcel.subtotal)
    assert price is not None, "only methods that have one are chosen"
    return price


def _promotion(row: PromotionRow) -> Promotion:
    return Promotion(
        row.id,
        Effect(row.effect),
        rate=arithmetic.MILLION if row.millionths is None else int(row.millionths),
        amount=int(row.amount_minor or 0),
        buy_qty=int(row.buy_qty or 1),
        get_qty=int(row.get_qty or 1),
        product_ids=frozenset(row.product_ids),
        categories=frozenset(row.categories),
    )
