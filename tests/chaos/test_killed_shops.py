"""The whole shop is killed in mid-purchase, again and again: what it comes back to is one moment for everybody."""

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

import httpx
import pytest

from devcloud import reconcile
from devcloud import shop as local
from devcloud.emulator import heartbeat, restoring
from tests.conftest import free_ports
from tests.support.actors import FINAL, Admin, Customer, until
from tests.support.probe import Sight

_KILLS = 10 if os.environ.get("TORTURE") == "long" else 2
_BUYERS = 3
_LOST_SECONDS = 5
_DICE = random.Random(int(os.environ.get("DICE", "1")))


@dataclass
class Purchases:
    """What customers saw: when each order was accepted, and when it was confirmed to them."""

    accepted: dict[str, float] = field(default_factory=dict)
    confirmed: dict[str, float] = field(default_factory=dict)
    customers: dict[str, Customer] = field(default_factory=dict)


@pytest.fixture
def killable(tmp_path) -> Iterator[local.Shop]:
    shop = local.start(tmp_path / "shop", free_ports(), sfn_wait_scale=0.1, catalogue=None)
    Sight(shop).let_messages_come_again_after(seconds=6)
    yield shop
    shop.stop()


def test_a_shop_that_is_killed_in_mid_purchase_loses_five_seconds_at_most_and_agrees_with_itself(
    killable,
):
    people = [Customer.registered(killable.url) for _ in range(_BUYERS)]
    admin = Admin.logged_in(killable.url, killable.admin_email, killable.admin_password)
    goods = admin.supply(
        name="Protein Bowl", price=12.99, description="High-protein meal", stock=10_000
    )
    await_saved(killable)
    print("\nkill  after  lost s  accepted  kept  gone  confirmed  reconciled")

    for kill in range(1, _KILLS + 1):
        seconds = _DICE.uniform(0.3, 12)
        bought, ended = buy_until_killed(killable, people, goods, seconds)
        lost = ended - restoring.find(killable.directory / "aws").moment / 10**9
        told: list[str] = []
        local.start(
            killable.directory, killable.port, sfn_wait_scale=0.1, catalogue=None, say=told.append
        )

        outcomes = {order: outcome(bought.customers[order], order) for order in bought.accepted}
        verdict = reconciled(killable)
        gone = [order for order, status in outcomes.items() if status is None]
        kept = {order: status for order, status in outcomes.items() if status}
        print(
            f"{kill:>4}{seconds:>7.1f}{lost:>8.1f}{len(outcomes):>10}{len(kept):>6}{len(gone):>6}"
            f"{list(kept.values()).count('CONFIRMED'):>11}  {verdict}"
        )
        assert lost < _LOST_SECONDS
        assert any("the shop was not stopped; its state of " in line for line in told)
        assert all(bought.accepted[order] > ended - _LOST_SECONDS for order in gone)
        assert set(kept.values()) <= {"CONFIRMED"}
        assert verdict.findings == []


def await_saved(shop: local.Shop) -> None:
    now = time.time_ns()
    until(
        lambda: heartbeat.read(shop.directory / "aws"), lambda last: last.unchanged_until > now, 60
    )


def buy_until_killed(
    shop: local.Shop, people: list[Customer], goods: str, seconds: float
) -> tuple[Purchases, float]:
    """Customers buy until all processes of the shop are killed; what they saw, and when that was."""
    bought, over = Purchases(), threading.Event()

    def buy(person: Customer) -> None:
        while not over.is_set():
            try:
                order = person.buy(goods)
                bought.customers[order], bought.accepted[order] = person, time.time()
                while not over.is_set() and order not in bought.confirmed:
                    if person.progress(order)["status"] == "CONFIRMED":
                        bought.confirmed[order] = time.time()
                    time.sleep(0.1)
            except (httpx.HTTPError, AssertionError):
                if not over.is_set():
                    raise

    with ThreadPoolExecutor(len(people)) as pool:
        buying = [pool.submit(buy, person) for person in people]
        until(lambda: bought.accepted or any(each.done() for each in buying), bool, 120)
        time.sleep(seconds)
        pids = [process.pid for process in local.processes(shop.directory) if process.pid]
        _DICE.shuffle(pids)
        over.set()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            time.sleep(_DICE.choice([0, 0, 0.05, 0.3]))
        ended = time.time()
    assert [each.result() for each in buying] == [None] * len(people)
    until(
        lambda: [each.pid for each in local.processes(shop.directory)],
        lambda pids: not any(pids),
        10,
    )
    return bought, ended


def outcome(person: Customer, order: str) -> str | None:
    """Where an order ended; None if the shop has forgotten it."""
    end = time.monotonic() + 120
    while True:
        answer = person.http.get(f"/checkout/{quote(order, safe='')}")
        if answer.status_code == 404:
            return None
        if answer.status_code == 200 and answer.json()["status"] in FINAL:
            return str(answer.json()["status"])
        assert time.monotonic() < end, f"{order}: {answer.status_code} {answer.text}"
        time.sleep(0.2)


def reconciled(shop: local.Shop) -> reconcile.Verdict:
    """What reconciliation finds once everything has come to rest."""
    day, end = datetime.now(UTC).date().isoformat(), time.monotonic() + 90
    while True:
        verdict = reconcile.run(shop.cloud, day=day, settle=0, whole=True)
        if not verdict.findings or time.monotonic() > end:
            return verdict
        time.sleep(1)
