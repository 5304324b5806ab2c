"""Many shoppers want the last pieces at the same moment."""

import random
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from tests.chaos.harness import ChaosHarness
from tests.chaos.scenarios import CARD, Shopper
from tests.support.actors import FINAL, ok, poll_until

_PIECES = 10


@dataclass(frozen=True)
class Demand:
    """What one shopper orders: a quantity of each product."""

    shopper: Shopper
    lines: dict[str, int]


def random_demands(harness: ChaosHarness, count: int, first: str, second: str) -> list[Demand]:
    """A third orders the first product, a third the second, a third both."""
    chance, shoppers = random.Random(11), harness.get_shoppers(12)
    kinds = [{first: 1}, {second: 1}, {first: 1, second: 1}, {second: 1, first: 1}]
    return [
        Demand(chance.choice(shoppers), chance.choices(kinds, [2, 2, 1, 1])[0])
        for _ in range(count)
    ]


def place_order(demand: Demand) -> str | None:
    """Order it. Returns the order's id, or None if it is sold out."""
    lines = [{"productId": product, "qty": qty} for product, qty in demand.lines.items()]
    body = {"cartItems": lines, "paymentMethod": CARD, "method": "CARD"}
    answer = demand.shopper.request("POST", "/order", body, uuid.uuid4().hex)
    return None if answer.status_code == 409 else ok(answer, 201)["orderId"]


@contextmanager
def expiring_reservations(harness: ChaosHarness) -> Iterator[None]:
    """Expire all reservations every half second while this lasts."""
    is_over, (shopper,) = threading.Event(), harness.get_shoppers(1)

    def sweep() -> None:
        while not is_over.wait(0.5):
            shopper.expire_reservations()

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    try:
        yield
    finally:
        is_over.set()
        sweeper.join()


def test_ten_pieces_are_sold_ten_times_to_any_crowd(harness, is_long):
    buyers, lanes = (1000, 48) if is_long else (60, 16)
    first, second = harness.create_product(_PIECES), harness.create_product(_PIECES)
    demands = random_demands(harness, buyers, first, second)

    with ThreadPoolExecutor(lanes) as pool:
        orders = [order for order in pool.map(place_order, demands) if order]
    outcomes = await_outcomes(harness, orders)
    late = buy_the_rest(harness, first, second)

    harness.drain_queues(120)
    harness.tally["checkouts"] += buyers
    harness.tally["buyers of the last pieces"] += buyers
    assert set(outcomes.values()) <= {"CONFIRMED", "FAILED"}
    assert harness.probe.stock(first) == (0, 0, _PIECES)
    assert harness.probe.stock(second) == (0, 0, _PIECES)
    harness.assert_consistent([*orders, *late], 120)


def test_reservations_that_expire_during_payment_are_sold_or_refunded(harness, is_long):
    buyers, lanes = (120, 12) if is_long else (24, 8)
    first, second = harness.create_product(_PIECES), harness.create_product(_PIECES)
    demands = random_demands(harness, buyers, first, second)
    harness.set_gateway_faults(slow_ms=300)

    with expiring_reservations(harness):
        with ThreadPoolExecutor(lanes) as pool:
            orders = [order for order in pool.map(place_order, demands) if order]
        outcomes = await_outcomes(harness, orders)
    harness.stop_faults()
    late = buy_the_rest(harness, first, second)

    harness.drain_queues(120)
    harness.tally["checkouts"] += buyers
    harness.tally["expiries raced with payments"] += len(orders)
    assert set(outcomes.values()) <= {"CONFIRMED", "FAILED", "EXPIRED"}
    assert harness.probe.stock(first) == (0, 0, _PIECES)
    assert harness.probe.stock(second) == (0, 0, _PIECES)
    harness.assert_consistent([*orders, *late], 120)


def await_outcomes(harness: ChaosHarness, orders: list[str]) -> dict[str, str]:
    """The final status of each order."""

    def status(order_id: str) -> str:
        return harness.probe.row("Orders", orderId=order_id)["status"]

    return {
        order_id: poll_until(
            lambda order_id=order_id: status(order_id), lambda seen: seen in FINAL, 240
        )
        for order_id in orders
    }


def buy_the_rest(harness: ChaosHarness, *products: str) -> list[str]:
    """Buy what failed orders released, one after the other. Returns the orders' ids."""
    (shopper,) = harness.get_shoppers(1)
    orders = []
    for product in products:
        while order_id := place_order(Demand(shopper, {product: 1})):
            orders.append(order_id)
            await_outcomes(harness, [order_id])
    return orders
