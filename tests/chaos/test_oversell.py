"""Everybody wants the last ones at the same moment."""

import random
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from tests.chaos.harness import Tormented
from tests.chaos.scenarios import CARD, Shopper
from tests.support.actors import FINAL, ok, until

_PIECES = 10


@dataclass(frozen=True)
class Wish:
    """What one buyer wants: so many of each product."""

    shopper: Shopper
    lines: dict[str, int]


def wishes(tormented: Tormented, count: int, first: str, second: str) -> list[Wish]:
    """A third wants the first product, a third the second, a third both: half of those in the other order."""
    dice, people = random.Random(11), tormented.shoppers(12)
    kinds = [{first: 1}, {second: 1}, {first: 1, second: 1}, {second: 1, first: 1}]
    return [Wish(dice.choice(people), dice.choices(kinds, [2, 2, 1, 1])[0]) for _ in range(count)]


def wish(wanted: Wish) -> str | None:
    """The order's id; None for whoever came too late."""
    lines = [{"productId": product, "qty": qty} for product, qty in wanted.lines.items()]
    body = {"cartItems": lines, "paymentMethod": CARD, "method": "CARD"}
    answer = wanted.shopper.ask("POST", "/order", body, uuid.uuid4().hex)
    return None if answer.status_code == 409 else ok(answer, 201)["orderId"]


@contextmanager
def reservations_that_expire_at_once(tormented: Tormented) -> Iterator[None]:
    """While this lasts, whatever is reserved expires again and again, as if its 20 minutes were over, while it is being paid."""
    over, (sweeper_of_others,) = threading.Event(), tormented.shoppers(1)

    def sweep() -> None:
        while not over.wait(0.5):
            sweeper_of_others.let_reservations_expire()

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    try:
        yield
    finally:
        over.set()
        sweeper.join()


def test_ten_pieces_are_sold_ten_times_however_many_want_them(tormented, is_long):
    buyers, at_once = (1000, 48) if is_long else (60, 16)
    first, second = tormented.supply(_PIECES), tormented.supply(_PIECES)
    crowd = wishes(tormented, buyers, first, second)

    with ThreadPoolExecutor(at_once) as pool:
        orders = [order for order in pool.map(wish, crowd) if order]
    outcomes = everybody_is_told(tormented, orders)
    late = until_sold_out(tormented, first, second)

    tormented.quiet(120)
    tormented.tally["checkouts"] += buyers
    tormented.tally["buyers of the last pieces"] += buyers
    assert set(outcomes.values()) <= {"CONFIRMED", "FAILED"}
    assert tormented.sight.stock(first) == (0, 0, _PIECES)
    assert tormented.sight.stock(second) == (0, 0, _PIECES)
    tormented.must_hold([*orders, *late], 120)


def test_pieces_whose_reservation_expires_while_they_are_paid_are_sold_once_or_paid_back(
    tormented, is_long
):
    buyers, at_once = (120, 12) if is_long else (24, 8)
    first, second = tormented.supply(_PIECES), tormented.supply(_PIECES)
    crowd = wishes(tormented, buyers, first, second)
    tormented.gateways(slow_ms=300)

    with reservations_that_expire_at_once(tormented):
        with ThreadPoolExecutor(at_once) as pool:
            orders = [order for order in pool.map(wish, crowd) if order]
        outcomes = everybody_is_told(tormented, orders)
    tormented.calm()
    late = until_sold_out(tormented, first, second)

    tormented.quiet(120)
    tormented.tally["checkouts"] += buyers
    tormented.tally["expiries raced with payments"] += len(orders)
    assert set(outcomes.values()) <= {"CONFIRMED", "FAILED", "EXPIRED"}
    assert tormented.sight.stock(first) == (0, 0, _PIECES)
    assert tormented.sight.stock(second) == (0, 0, _PIECES)
    tormented.must_hold([*orders, *late], 120)


def everybody_is_told(tormented: Tormented, orders: list[str]) -> dict[str, str]:
    """How each order ended: none waits for another for ever."""

    def status(order_id: str) -> str:
        return tormented.sight.row("Orders", orderId=order_id)["status"]

    return {
        order_id: until(lambda order_id=order_id: status(order_id), lambda seen: seen in FINAL, 240)
        for order_id in orders
    }


def until_sold_out(tormented: Tormented, *products: str) -> list[str]:
    """What came back from orders that failed is bought by those who come later, one after the other; their orders."""
    (shopper,) = tormented.shoppers(1)
    orders = []
    for product in products:
        while order_id := wish(Wish(shopper, {product: 1})):
            orders.append(order_id)
            everybody_is_told(tormented, [order_id])
    return orders
