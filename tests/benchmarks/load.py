"""Measure a shop under load: request rate, latency, processor time.

What is measured is the local cloud, not AWS. So the same run also measures an empty Lambda behind
the same emulated API Gateway, with and without the front door.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import httpx
import psutil

from devcloud import shop as local
from tests.benchmarks import trivial
from tests.support.ports import claim_ports

USERS = (1, 8, 32)
WARM_UP_SECONDS, SECONDS, FLOOR_SECONDS = 20, 20, 6
_SHOPPERS = Path(__file__).with_name("shoppers.py")


@dataclass(frozen=True)
class Row:
    """One run: latencies, processor seconds by process, Lambdas started."""

    what: str
    users: int
    seconds: float
    failed: int
    took: Mapping[float, int]
    used: Mapping[str, float]
    starts: int

    @property
    def requests(self) -> int:
        """How many requests."""
        return sum(self.took.values())

    def at(self, share: float) -> float:
        """The milliseconds within which this share of them was answered."""
        enough, counted = (
            share * self.requests,
            accumulate(times for _, times in sorted(self.took.items())),
        )
        return next(
            ms for ms, so_far in zip(sorted(self.took), counted, strict=True) if so_far >= enough
        )


def measured() -> list[Row]:
    """Start a shop, measure it and the empty Lambda by number of users, stop it."""
    with tempfile.TemporaryDirectory() as scratch:
        shop = local.start(Path(scratch) / "shop", claim_ports(19800, 19990), say=print)
        try:
            return list(_rows(shop))
        finally:
            shop.stop()


def _rows(shop: local.Shop) -> Iterator[Row]:
    bare = trivial.deploy(shop)
    settings = {"tokens": [_customer(shop) for _ in range(max(USERS))], "product": _product(shop)}
    for users in USERS:
        _row(shop, "the shop", "Shopper", users, WARM_UP_SECONDS, settings)
        _settle(shop)
        yield _row(shop, "the shop", "Shopper", users, SECONDS, settings)
        _settle(shop)
        for what, path in (
            ("an empty Lambda, by the front door", f"/{trivial.NAME}"),
            ("an empty Lambda, directly", bare),
        ):
            yield _row(shop, what, "Trivial", users, FLOOR_SECONDS, {**settings, "path": path})


def _row(
    shop: local.Shop, what: str, who: str, users: int, seconds: int, settings: Mapping[str, Any]
) -> Row:
    command = [
        sys.executable,
        "-m",
        "locust",
        "-f",
        str(_SHOPPERS),
        who,
        "--host",
        shop.url,
        "--headless",
    ]
    command += [
        "--users",
        str(users),
        "--spawn-rate",
        str(users),
        "--run-time",
        f"{seconds}s",
        "--json",
    ]
    command += ["--stop-timeout", "10", "--loglevel", "ERROR", "--exit-code-on-error", "0"]
    before, own, running = _used(shop), os.times(), _lambdas(shop)
    done = subprocess.run(
        command, env={**os.environ, "LOAD": json.dumps(settings)}, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"locust: {done.stderr.strip().splitlines()[-1]}")
    used, now = {name: spent - before[name] for name, spent in _used(shop).items()}, os.times()
    used["Locust"] = (
        now.children_user + now.children_system - own.children_user - own.children_system
    )
    starts = len(_lambdas(shop) - running)
    return _summed(what, users, seconds, json.loads(done.stdout), used, starts)


def _summed(
    what: str,
    users: int,
    seconds: float,
    entries: Sequence[Mapping[str, Any]],
    used: Mapping[str, float],
    starts: int,
) -> Row:
    took = Counter[float]()
    for entry in entries:
        took.update({float(ms): times for ms, times in entry["response_times"].items()})
    if not took:
        raise SystemExit(f"{what}: not one request of {users} users was answered")
    began = min(entry["start_time"] for entry in entries)
    ended = max(entry["last_request_timestamp"] for entry in entries)
    failed = sum(entry["num_failures"] for entry in entries)
    return Row(what, users, max(seconds, ended - began), failed, took, used, starts)


def _used(shop: local.Shop) -> dict[str, float]:
    """Return processor seconds so far, of each process of the shop and of all Lambdas."""
    used = {"Lambdas": 0.0}
    for process in local.processes(shop.directory):
        family = psutil.Process(process.pid)
        times = family.cpu_times()
        used[process.name] = times.user + times.system
        used["Lambdas"] += times.children_user + times.children_system
        for child in family.children(recursive=True):
            own = child.cpu_times()
            used["Lambdas"] += own.user + own.system
    return used


def _lambdas(shop: local.Shop) -> set[int]:
    """The numbers of the processes under the local AWS."""
    (aws,) = [process for process in local.processes(shop.directory) if process.name == "aws"]
    return {child.pid for child in psutil.Process(aws.pid).children(recursive=True)}


def _settle(shop: local.Shop, most: float = 120) -> None:
    """Wait for the sagas: what they do is no part of the next figures."""
    states = shop.cloud.client("stepfunctions")
    (machine,) = states.list_state_machines()["stateMachines"]
    end = time.monotonic() + most
    while states.list_executions(
        stateMachineArn=machine["stateMachineArn"], statusFilter="RUNNING"
    )["executions"]:
        if time.monotonic() > end:
            return
        time.sleep(0.5)


def _customer(shop: local.Shop) -> str:
    """The access token of a new customer."""
    who = {
        "email": f"jimmy-{uuid.uuid4().hex}@example.com",
        "password": "test123",
        "name": "Jimmy Patel",
    }
    httpx.post(f"{shop.url}/user/register", json=who, timeout=40).raise_for_status()
    answer = httpx.post(f"{shop.url}/user/login", json=who, timeout=40).raise_for_status()
    return str(answer.json()["token"])


def _product(shop: local.Shop) -> str:
    """A product that is not sold out under any load."""
    expected = {
        "name": "Protein Bowl",
        "price": 12.99,
        "description": "High-protein meal",
        "stock": 1_000_000,
    }
    admin = {"Authorization": f"Bearer {local.token(shop)}"}
    answer = httpx.post(
        f"{shop.url}/product", json=expected, headers=admin, timeout=40
    ).raise_for_status()
    return str(answer.json()["productId"])
