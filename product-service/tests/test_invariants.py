"""Whatever is asked in whatever order, however often: stock adds up, and follows from what the reservations say."""

import pytest
from conftest import new_order, outcome
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PRODUCTS, ORDERS, REFUNDS = range(2), range(3), range(3)
ANSWERS = {
    "reserve": ("RESERVED", "OutOfStock", "ReservationEnded"),
    "commit": ("COMMITTED", "OutOfStock", "ReservationEnded"),
    "release": ("RELEASED",),
    "give_back": ("COMMITTED", "RELEASED", "NotCommitted", "ReservationEnded", "ReturnTooLarge"),
}

lines = st.dictionaries(st.sampled_from(PRODUCTS), st.integers(1, 4), min_size=1)
orders = st.sampled_from(ORDERS)
acts = st.one_of(
    st.tuples(st.sampled_from(["reserve", "commit", "release"]), orders),
    st.tuples(st.sampled_from(["reserve", "commit", "release"]), orders),
    st.tuples(st.just("give_back"), orders, st.sampled_from(REFUNDS), lines),
    st.tuples(st.just("wait"), st.sampled_from([500, 1300])),
    st.tuples(st.just("expire"), st.just(0)),
    st.tuples(st.just("set"), st.sampled_from(PRODUCTS), st.integers(0, 6)),
)


@pytest.fixture
def clockwork(travel):
    """A clock that only ever goes on."""
    passed = [0]

    def wait(seconds):
        passed[0] += seconds
        travel(passed[0])

    return wait


class Story:
    """A shop with two products and three orders."""

    def __init__(self, shop, wait, baskets):
        self.shop, self.wait = shop, wait
        self.products = [shop.create(stock=5) for _ in PRODUCTS]
        self.supplied = dict.fromkeys(self.products, 5)
        self.orders = [new_order() for _ in ORDERS]
        self.baskets = [
            {self.products[product]: qty for product, qty in basket.items()} for basket in baskets
        ]
        self.released = set()

    def act(self, verb, *what):
        if verb == "wait":
            self.wait(*what)
        elif verb == "expire":
            self.shop.expire()
        elif verb == "set":
            self.set(self.products[what[0]], what[1])
        elif verb == "give_back":
            self.give_back(*what)
        else:
            self.ask(verb, *what)

    def set(self, product, count):
        self.supplied[product] += count - self.shop.stock(product)[0]
        assert self.shop.set_stock(product, count).status_code == 200

    def ask(self, verb, number):
        order = self.orders[number]
        basket = {} if verb == "release" else self.baskets[number]
        said = outcome(getattr(self.shop, verb), order, **basket)
        assert said in ANSWERS[verb]
        if said == "RELEASED":
            self.released.add(order)

    def give_back(self, number, refund, basket):
        goods = {self.products[product]: qty for product, qty in basket.items()}
        said = outcome(self.shop.give_back, self.orders[number], f"REFUND#{refund}", **goods)
        assert said in ANSWERS["give_back"]

    def check(self):
        stocks, rows = self.shop.look(self.products, self.orders)
        assert all(rows[order]["status"] == "RELEASED" for order in self.released)
        assert all(("open" in row) == (row["status"] == "RESERVED") for row in rows.values())
        for product in self.products:
            reserved, sold = held(rows, product, "RESERVED"), held(rows, product, "COMMITTED")
            assert stocks[product] == (self.supplied[product] - reserved - sold, reserved, sold)


def held(rows, product, status):
    return sum(
        line["qty"] - line.get("returned", 0) for row in rows.values() if row["status"] == status
        for line in row["items"] if line["productId"] == product
    )  # fmt: skip


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(baskets=st.tuples(*(lines for _ in ORDERS)), story=st.lists(acts, min_size=4, max_size=16))
def test_stock_follows_from_the_reservations_whatever_happens(shop, clockwork, baskets, story):
    told = Story(shop, clockwork, baskets)
    for act in story:
        told.act(*act)
        told.check()
