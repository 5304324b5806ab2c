from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import money


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        (12.99, "USD", 1299),
        ("0.10", "EUR", 10),
        (5, "JPY", 5),
        (Decimal("25.98"), "usd", 2598),
        (0, "USD", 0),
    ],
)
def test_an_amount_becomes_minor_units_of_its_currency(amount, currency, minor):
    assert money.minor(amount, currency) == minor


@pytest.mark.parametrize(
    ("amount", "currency", "complaint"),
    [
        ("12.999", "USD", "more decimals than USD has: at most 2"),
        ("1.5", "JPY", "more decimals than JPY"),
        (f"12.99{'0' * 40}1", "USD", "more decimals than USD"),
        (f"12.{'9' * 200}", "USD", "is not an amount of money"),
        (-1, "USD", "not between"),
        ("1000000.00", "USD", "not between"),
        ("NaN", "USD", "not between"),
        ("Infinity", "USD", "not between"),
        ("1e400000000", "USD", "not an amount"),
        ("twelve", "USD", "not an amount"),
        (1, "ZZZ", "'ZZZ' is not one of"),
    ],
)
def test_an_amount_that_the_shop_cannot_take_is_refused_with_the_reason(
    amount, currency, complaint
):
    with pytest.raises(money.InvalidAmount, match=complaint):
        money.minor(amount, currency)


@given(st.integers(0, money.MAX_AMOUNT), st.sampled_from(sorted(money.CURRENCIES)))
def test_money_survives_the_wire_unchanged(minor, currency):
    assert money.minor(money.decimal(minor, currency), currency) == minor
    assert money.minor(float(money.decimal(minor, currency)), currency) == minor


def test_money_is_spoken_with_all_its_decimals():
    assert money.format_amount(1200) == "12.00 USD"
    assert money.format_amount(1200, "JPY") == "1200 JPY"
