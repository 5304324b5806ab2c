"""What holds for the price of every basket."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.quotes import arithmetic
from chalicelib.quotes.calculation import Shipping, calculate
from chalicelib.quotes.discounts import Effect, Good, Promotion
from chalicelib.quotes.ports import Parcel, TaxRate
from chalicelib.quotes.refund_shares import PaidLine, refund_share

CATEGORIES = ["bowls", "shakes", "gifts"]
PRODUCTS = [f"PROD#{number}" for number in range(6)]
CLASSES = ["standard", "reduced"]
NO_TAX = TaxRate("none", 0)
settings.register_profile("shop", deadline=None, max_examples=150, derandomize=True)
settings.load_profile("shop")

goods = st.lists(
    st.builds(
        Good,
        st.sampled_from(PRODUCTS),
        st.integers(1, 99),
        st.integers(0, 99_999),
        st.sampled_from(CLASSES),
        st.integers(0, 5000),
        st.frozensets(st.sampled_from(CATEGORIES)),
    ),
    min_size=1,
    unique_by=lambda good: good.product_id,
)
promotions = st.lists(
    st.builds(
        Promotion,
        st.sampled_from([f"PROMO#{number}" for number in range(8)]),
        st.sampled_from(Effect),
        rate=st.integers(0, arithmetic.MILLION),
        amount=st.integers(0, 500_000),
        buy_qty=st.integers(1, 3),
        get_qty=st.integers(1, 3),
        product_ids=st.frozensets(st.sampled_from(PRODUCTS), max_size=2),
        categories=st.frozensets(st.sampled_from(CATEGORIES), max_size=1),
    ),
    unique_by=lambda promotion: promotion.promotion_id,
    max_size=5,
)
rates = st.builds(TaxRate, st.just("VAT"), st.integers(0, 500_000), st.booleans())
taxes = st.fixed_dictionaries(dict.fromkeys(CLASSES, rates)).map(
    lambda rates_by_class: rates_by_class.get
)


def by_weight(parcel: Parcel) -> int:
    return 499 + parcel.weight_grams // 10


shippings = st.sampled_from(
    [
        None,
        Shipping(by_weight),
        Shipping(lambda parcel: 0 if parcel.subtotal > 5000 else 795, "reduced"),
    ]
)
orders = (goods, promotions, shippings, taxes)


@given(*orders)
def test_the_parts_of_a_price_sum_to_its_total(goods, promotions, shipping, tax):
    price = calculate(goods, promotions, shipping, tax)

    paid = [line.taxed for line in price.lines] + ([price.shipping] if price.shipping else [])
    added = sum(part.tax for part in paid if not part.rate.is_included)
    assert sum(part.total for part in paid) == price.total
    assert price.subtotal - price.discount_total + price.shipping_total + added == price.total
    assert price.is_tax_included == (added == 0)
    assert sum(part.tax for part in paid) == price.tax_total
    assert sum(line.list_total - line.discount for line in price.lines) == (
        price.subtotal - price.discount_total
    )


@given(*orders)
def test_nothing_about_a_price_is_negative(goods, promotions, shipping, tax):
    price = calculate(goods, promotions, shipping, tax)

    assert all(0 <= line.discount <= line.list_total for line in price.lines)
    assert all(0 <= line.taxed.tax <= line.taxed.total for line in price.lines)
    assert price.total >= price.shipping_total >= 0
    assert price.shipping_discount >= 0


@given(*orders, st.randoms())
def test_the_order_of_lines_and_coupons_does_not_matter(goods, promotions, shipping, tax, random):
    price = calculate(goods, promotions, shipping, tax)
    random.shuffle(goods)
    random.shuffle(promotions)

    assert calculate(goods, promotions, shipping, tax) == price


@given(*orders)
def test_the_promotions_that_are_named_are_those_that_lower_the_price(
    goods, promotions, shipping, tax
):
    price = calculate(goods, promotions, shipping, tax)
    named = [one for one in promotions if one.promotion_id in price.applied]

    assert calculate(goods, named, shipping, tax) == price
    assert bool(named) == bool(price.discount_total + price.shipping_discount)


@given(*orders, st.data())
def test_a_part_refund_and_its_complement_sum_to_the_whole(goods, promotions, shipping, tax, data):
    price = calculate(goods, promotions, shipping, tax)
    first = {good.product_id: data.draw(st.integers(0, good.qty)) for good in goods}
    rest = {good.product_id: good.qty - first[good.product_id] for good in goods}

    def paid(refunded):
        return [
            PaidLine(id_, line.good.qty, line.taxed.total, refunded.get(id_, 0))
            for line in price.lines
            for id_ in [line.good.product_id]
        ]

    shares = refund_share(paid({}), first), refund_share(paid(first), rest)
    assert min(shares) >= 0
    assert sum(shares) == sum(line.taxed.total for line in price.lines)


@given(st.integers(0, 10**9), st.integers(0, arithmetic.MILLION))
def test_tax_included_and_tax_added_agree(net, rate):
    added = arithmetic.part_of(net, rate)

    assert arithmetic.part_within(net + added, rate) == added


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 10**6), min_size=1), st.data())
def test_an_amount_is_shared_without_losing_a_unit(weights, data):
    amount = data.draw(st.integers(0, sum(weights.values())))
    shares = arithmetic.share(amount, weights)

    assert sum(shares.values()) == amount
    assert all(0 <= shares[name] <= weights[name] for name in weights)
    if amount:
        exact = {name: amount * weight / sum(weights.values()) for name, weight in weights.items()}
        assert all(abs(shares[name] - exact[name]) < 1 for name in weights)


def test_more_than_was_bought_has_no_refund_share():
    with pytest.raises(ValueError, match="3 of 2 to refund"):
        refund_share([PaidLine("PROD#0", 2, 1000, refunded_qty=1)], {"PROD#0": 2})


def test_the_cheapest_of_three_bowls_is_free():
    goods = [Good("PROD#0", 2, 1299), Good("PROD#1", 1, 999)]
    three_for_two = Promotion("PROMO#0", Effect.BUY_X_GET_Y, buy_qty=2, get_qty=1)

    price = calculate(goods, [three_for_two], None, lambda tax_class: NO_TAX)

    assert [line.discount for line in price.lines] == [0, 999]


def test_a_discount_of_goods_comes_before_that_of_the_order():
    goods = [Good("PROD#0", 1, 10_000, categories=frozenset({"gifts"})), Good("PROD#1", 1, 5000)]
    half_of_gifts = Promotion("PROMO#9", Effect.PERCENT, 500_000, categories=frozenset({"gifts"}))
    tenth = Promotion("PROMO#0", Effect.PERCENT, 100_000)

    price = calculate(goods, [tenth, half_of_gifts], None, lambda tax_class: NO_TAX)

    assert [line.discount for line in price.lines] == [5500, 500]


@pytest.mark.parametrize(
    ("unit_price", "tax"),
    [(100, 8), (1299, 107), (12_345, 1018)],
    ids=["yen, 0 decimals", "dollars, 2 decimals", "dinars, 3 decimals"],
)
def test_a_new_york_tax_is_rounded_to_the_currencys_unit(unit_price, tax):
    rate = TaxRate("NYC", 82_500)

    price = calculate([Good("PROD#0", 1, unit_price)], [], None, lambda tax_class: rate)

    assert (price.tax_total, price.total) == (tax, unit_price + tax)


def test_free_shipping_takes_the_price_of_shipping_and_its_tax():
    free = Promotion("PROMO#0", Effect.FREE_SHIPPING)
    vat = TaxRate("VAT", 200_000)

    price = calculate([Good("PROD#0", 1, 1000)], [free], Shipping(by_weight), lambda _: vat)

    assert (price.shipping_total, price.shipping_discount, price.total) == (0, 499, 1200)
