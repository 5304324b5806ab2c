"""Processes are killed in mid-checkout, and no money, stock or order is lost."""

import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from devcloud import shop as local
from tests.support.actors import Admin, Customer, ok, poll_until
from tests.support.ports import is_free
from tests.support.probe import ShopProbe

_PURCHASES = 12
_KILLS_EVERY_SECONDS = 0.7


@pytest.fixture
def goods(admin: Admin) -> str:
    return admin.create_product(
        name="Protein Bowl", price=12.99, description="High-protein meal", stock=100
    )


def workers(shop: local.Shop) -> list[int]:
    """The process ids of the shop's Lambdas."""
    aws = next(process.pid for process in local.processes(shop.directory) if process.name == "aws")
    listed = subprocess.run(
        ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(aws)], capture_output=True, text=True
    ).stdout
    rows = [line.strip().split(None, 1) for line in listed.splitlines()]
    return [int(pid) for pid, command in rows if "_worker" in command]


@contextmanager
def killed_lambdas(shop: local.Shop) -> Iterator[list[int]]:
    """Kill Lambda processes at random, one after the other, while this lasts."""
    is_over, killed, chance = threading.Event(), [], random.Random(1)

    def kill() -> None:
        while not is_over.wait(_KILLS_EVERY_SECONDS):
            if running := workers(shop):
                victim = chance.choice(running)
                try:
                    os.kill(victim, signal.SIGKILL)
                    killed.append(victim)
                except ProcessLookupError:
                    pass

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield killed
    finally:
        is_over.set()
        killer.join()


def check_out_patiently(person: Customer, key: str) -> str:
    """Check out with a key, and retry what fails. Returns the order's id."""
    end = time.monotonic() + 120
    while True:
        answer = person.check_out("pm_card_visa", key)
        if answer.status_code == 202 or time.monotonic() > end:
            return ok(answer, 202)["orderId"]
        time.sleep(0.3)


def test_lambdas_killed_in_mid_checkout_lose_nothing(shop, customer, goods, probe):
    shoppers = [customer() for _ in range(_PURCHASES)]
    for person in shoppers:
        person.add_to_cart(goods, 2)

    with killed_lambdas(shop) as killed, ThreadPoolExecutor(4) as pool:
        orders = list(
            pool.map(
                check_out_patiently, shoppers, [f"key-{number}" for number in range(_PURCHASES)]
            )
        )
        time.sleep(5)

    assert len(killed) > 5
    outcomes = {}
    for person, order_id in zip(shoppers, orders, strict=True):
        outcomes[order_id] = await_status(person, order_id)
    confirmed = [order_id for order_id, status in outcomes.items() if status == "CONFIRMED"]
    assert set(outcomes.values()) <= {"CONFIRMED", "FAILED"}
    assert len(set(orders)) == _PURCHASES
    for order_id, status in outcomes.items():
        captured, refunded = probe.charged(order_id)
        assert (captured - refunded) == (2598 if status == "CONFIRMED" else 0), (
            f"{order_id} {status}"
        )
    sold = 2 * len(confirmed)
    poll_until(lambda: probe.stock(goods), lambda stock: stock == (100 - sold, 0, sold), 60)


def test_a_shop_stopped_in_mid_checkout_completes_it_when_restarted(
    shop, faults, customer, goods, probe
):
    shoppers = [customer() for _ in range(4)]
    httpx.post(f"{shop.stripe_url}/_control/switches", json={"slow_ms": 1500}).raise_for_status()
    orders = [person.buy(goods, 1) for person in shoppers]
    under_way = [
        person.get_checkout(order_id)["status"]
        for person, order_id in zip(shoppers, orders, strict=True)
    ]

    shop.stop()
    local.start(shop.directory, shop.port, sfn_wait_scale=0.1, faults=faults.directory)

    assert "CREATED" in under_way
    # Streams continue where they were: they publish orders without the cart.
    later = shoppers[0].order(goods, 1, paymentMethod="pm_card_visa")
    assert_sold_once([*shoppers, shoppers[0]], [*orders, later], goods, probe)


def test_a_gateway_killed_in_mid_checkout_charges_each_order_once(
    shop, faults, customer, goods, probe
):
    shoppers = [customer() for _ in range(4)]
    httpx.post(f"{shop.stripe_url}/_control/switches", json={"slow_ms": 1500}).raise_for_status()
    orders = [person.buy(goods, 1) for person in shoppers]
    gateway = next(
        process.pid for process in local.processes(shop.directory) if process.name == "stripe"
    )

    os.kill(gateway, signal.SIGKILL)
    poll_until(lambda: is_free(shop.port + 2), bool, 10)
    local.start(shop.directory, shop.port, sfn_wait_scale=0.1, faults=faults.directory)

    assert_sold_once(shoppers, orders, goods, probe)


def assert_sold_once(
    shoppers: list[Customer], orders: list[str], goods: str, probe: ShopProbe
) -> None:
    for person, order_id in zip(shoppers, orders, strict=True):
        assert await_status(person, order_id) == "CONFIRMED"
        assert probe.charged(order_id) == (1299, 0)
    assert probe.stock(goods) == (100 - len(orders), 0, len(orders))


def await_status(person: Customer, order_id: str) -> str:
    """The status with which the checkout ended. Failing reads are repeated."""
    end = time.monotonic() + 120
    while True:
        answer = person.http.get(f"/checkout/{order_id.replace('#', '%23')}")
        status = answer.json().get("status") if answer.status_code == 200 else None
        if status in ("CONFIRMED", "FAILED", "EXPIRED", "CANCELLED"):
            return str(status)
        assert time.monotonic() < end, f"{order_id} still is {status}"
        time.sleep(0.3)
