"""The shop with fault injection, and the checks of what it must keep."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

import httpx

from delivery import deploy, stacks
from delivery.paths import service
from devcloud import dead_letters
from devcloud.faults import Faults
from devcloud.shop import Shop
from tests.chaos.scenarios import Outcome, Scenario, Shopper
from tests.support.actors import Admin, poll_until
from tests.support.probe import ShopProbe


class ChaosHarness:
    """The shop, its faults, and a tally of what was tried."""

    def __init__(self, shop: Shop, faults: Faults, tally: Counter[str]) -> None:
        self.shop, self.faults, self.tally = shop, faults, tally
        self.probe = ShopProbe(shop)
        self.admin = Admin.log_in(shop.url, shop.admin_email, shop.admin_password)
        self._shoppers: list[Shopper] = []

    def close(self) -> None:
        """Close all connections."""
        self.admin.close()
        for shopper in self._shoppers:
            shopper.close()

    def stop_faults(self) -> None:
        """Stop all injected faults, those of the gateways included."""
        self.faults.none()
        for gateway in self._gateways:
            httpx.post(f"{gateway}/_control/switches/reset").raise_for_status()

    def set_gateway_faults(self, **faults: Any) -> None:
        """Inject faults into both payment gateways."""
        for gateway in self._gateways:
            httpx.post(f"{gateway}/_control/switches", json=faults).raise_for_status()

    def get_shoppers(self, count: int) -> list[Shopper]:
        """Return this many shoppers, each created once and used again."""
        missing = count - len(self._shoppers)
        with ThreadPoolExecutor(4) as pool:
            created = pool.map(
                lambda _: Shopper.create(self.shop, self.faults, self.admin), range(missing)
            )
            self._shoppers += list(created)
        return self._shoppers[:count]

    def run_scenarios(self, scenarios: Iterable[Scenario], lanes: int) -> list[Outcome]:
        """Run each scenario once, by this many shoppers concurrently."""
        free: SimpleQueue[Shopper] = SimpleQueue()
        for shopper in self.get_shoppers(lanes):
            free.put(shopper)

        def run(scenario: Scenario) -> Outcome:
            shopper = free.get()
            try:
                return scenario(shopper)
            finally:
                free.put(shopper)

        with ThreadPoolExecutor(lanes) as pool:
            return list(pool.map(run, scenarios))

    def create_product(self, stock: int) -> str:
        """Create a product with this stock. Returns its id."""
        return self.admin.create_product(
            name="Protein Bowl", price=12.99, description="Food", stock=stock
        )

    @contextmanager
    def shorten_waits(self) -> Iterator[None]:
        """Give checkouts that start meanwhile 20 s to be paid, instead of 15 minutes."""
        machine = (service(deploy.ORCHESTRATOR) / "state-machine.yml").read_text()
        for payment, gateway in (("20", "20"), ("900", "600")):
            waits = {"PaymentWait": payment, "GatewayWait": gateway}
            stacks.deploy(
                self.shop.cloud, deploy.STATE_MACHINE, machine, {"Stage": "local", **waits}
            )
            if payment == "20":
                yield

    @contextmanager
    def advance_clock(self, seconds: float) -> Iterator[None]:
        """Advance the shop's clock, and let the gateways forget idempotency keys."""
        for gateway in self._gateways:
            httpx.post(f"{gateway}/_control/forget-keys").raise_for_status()
        with self.faults.ahead(seconds):
            yield

    def charged(self, order_id: str) -> tuple[int, int]:
        """Minor units captured and refunded for the order, by both gateways' ledgers."""
        totals = [
            httpx.get(f"{gateway}/_control/totals").json().get(order_id, {})
            for gateway in self._gateways
        ]
        captured = sum(total.get("captured", 0) for total in totals)
        return captured, sum(total.get("refunded", 0) for total in totals)

    def assert_consistent(
        self, orders: Sequence[str], seconds: float = 90, full_stock: bool = False
    ) -> None:
        """Assert that reconciliation finds no discrepancy, once running work has ended."""
        self.tally["orders checked"] += len(orders)
        discrepancies = poll_until(
            lambda: self._discrepancies(orders, full_stock),
            lambda discrepancies: not discrepancies,
            seconds,
        )
        self.tally["discrepancies found"] += len(discrepancies)
        assert discrepancies == []

    def redrive(self) -> int:
        """Redrive all dead letters. Returns how many there were."""
        cloud = self.shop.cloud
        queues = [queue for queue, count in dead_letters.counts(cloud).items() if count]
        return sum(dead_letters.redrive(cloud, queue) for queue in queues)

    def redrive_until_empty(self, seconds: float = 120) -> None:
        """Redrive all dead letters, and assert that none fails again."""
        self.tally["dead letters redriven"] += self.redrive()
        self.drain_queues(seconds)
        assert self.probe.dead_letters() == {}

    def drain_queues(self, seconds: float = 60) -> None:
        """Wait until no queue of the shop holds a message."""
        queues = list(dead_letters.counts(self.shop.cloud))
        poll_until(
            lambda: {name for name in queues if self.probe.queue_length(name)},
            lambda busy: not busy,
            seconds,
        )

    @property
    def _gateways(self) -> tuple[str, str]:
        return self.shop.stripe_url, self.shop.razorpay_url

    def _discrepancies(self, orders: Sequence[str], full_stock: bool) -> list[dict[str, Any]]:
        event = {"orderIds": list(orders), "settle": 0, "repair": False, "fullStock": full_stock}
        discrepancies: list[dict[str, Any]] = []
        while True:
            answer = self.probe.invoke("checkout-orchestrator-local-reconcile", event)
            discrepancies += answer["discrepancies"]
            if not answer.get("next"):
                return discrepancies
            event["next"] = answer["next"]
