"""After any sequence of steps, stock equals what the reservations say."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from steps import new_order, status_or_error

PRODUCTS, ORDERS, REFUNDS = range(2), range(3), range(3)
EXPECTED = {
    "reserve": ("RESERVED", "OutOfStock", "ReservationEnded"),
    "commit": ("COMMITTED", "OutOfStock", "ReservationEnded"),
    "release": ("RELEASED",),
    "return_goods": ("COMMITTED", "RELEASED", "NotCommitted", "ReservationEnded", "ReturnTooLarge"),
}

lines = st.dictionaries(st.sampled_from(PRODUCTS), st.integers(1, 4), min_size=1)
orders = st.sampled_from(ORDERS)
actions = st.one_of(
    st.tuples(st.sampled_from(["reserve", "commit", "release"]), orders),
    st.tuples(st.sampled_from(["reserve", "commit", "release"]), orders),
    st.tuples(st.just("return_goods"), orders, st.sampled_from(REFUNDS), lines),
    st.tuples(st.just("wait"), st.sampled_from([500, 1960])),
    st.tuples(st.just("expire")),
    st.tuples(st.just("set_stock"), st.sampled_from(PRODUCTS), st.integers(0, 6)),
)


@pytest.fixture
def wait(set_clock):
    """Move the clock on by so many seconds."""
    passed = [0]

    def pass_seconds(seconds):
        passed[0] += seconds
        set_clock(passed[0])

    return pass_seconds


class Scenario:
    """Two products and three orders. Each action asserts its own result."""

    def __init__(self, shop, wait, baskets):
        self.shop, self.wait = shop, wait
        self.products = [shop.create(stock=5) for _ in PRODUCTS]
        self.supplied = dict.fromkeys(self.products, 5)
        self.orders = [new_order() for _ in ORDERS]
        self.baskets = [self._quantities(basket) for basket in baskets]
        self.released = set()

    def run(self, name, *args):
        if name in ("reserve", "commit", "release"):
            self.run_step(name, *args)
        else:
            getattr(self, name)(*args)

    def run_step(self, name, number):
        order = self.orders[number]
        basket = {} if name == "release" else self.baskets[number]
        result = status_or_error(getattr(self.shop, name), order, **basket)
        assert result in EXPECTED[name]
        if result == "RELEASED":
            self.released.add(order)

    def return_goods(self, number, refund, basket):
        refund_id, goods = f"REFUND#{refund}", self._quantities(basket)
        result = status_or_error(self.shop.return_goods, self.orders[number], refund_id, **goods)
        assert result in EXPECTED["return_goods"]

    def expire(self):
        self.shop.expire()

    def set_stock(self, number, count):
        product = self.products[number]
        self.supplied[product] += count - self.shop.stock(product)[0]
        assert self.shop.set_stock(product, count).status_code == 200

    def assert_stock_adds_up(self):
        stocks, rows = self.shop.snapshot(self.products, self.orders)
        assert all(rows[order]["status"] == "RELEASED" for order in self.released)
        assert all(("open" in row) == (row["status"] == "RESERVED") for row in rows.values())
        for product in self.products:
            reserved, sold = held(rows, product, "RESERVED"), held(rows, product, "COMMITTED")
            assert stocks[product] == (self.supplied[product] - reserved - sold, reserved, sold)

    def _quantities(self, basket):
        return {self.products[number]: qty for number, qty in basket.items()}


def held(rows, product, status):
    items = [item for row in rows.values() if row["status"] == status for item in row["items"]]
    return sum(
        item["qty"] - item.get("returned", 0) for item in items if item["productId"] == product
    )


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    baskets=st.tuples(*(lines for _ in ORDERS)),
    sequence=st.lists(actions, min_size=4, max_size=16),
)
def test_stock_always_equals_what_the_reservations_add_up_to(shop, wait, baskets, sequence):
    scenario = Scenario(shop, wait, baskets)
    for name, *args in sequence:
        scenario.run(name, *args)
        scenario.assert_stock_adds_up()
