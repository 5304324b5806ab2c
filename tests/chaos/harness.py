"""A shop in which things go wrong, and those who look whether it bore them."""

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
from tests.chaos.scenarios import Ended, Shopper, Story
from tests.support.actors import Admin, until
from tests.support.probe import Sight


class Tormented:
    """The shop, what goes wrong in it, and the count of all that was tried."""

    def __init__(self, shop: Shop, faults: Faults, tally: Counter[str]) -> None:
        self.shop, self.faults, self.tally = shop, faults, tally
        self.sight = Sight(shop)
        self.admin = Admin.logged_in(shop.url, shop.admin_email, shop.admin_password)
        self._shoppers: list[Shopper] = []

    def leave(self) -> None:
        self.admin.leave()
        for shopper in self._shoppers:
            shopper.leave()

    def calm(self) -> None:
        """From now on nothing goes wrong."""
        self.faults.none()
        for gateway in (self.shop.stripe_url, self.shop.razorpay_url):
            httpx.post(f"{gateway}/_control/switches/reset").raise_for_status()

    def gateways(self, **switches: Any) -> None:
        """Let both payment gateways misbehave."""
        for gateway in (self.shop.stripe_url, self.shop.razorpay_url):
            httpx.post(f"{gateway}/_control/switches", json=switches).raise_for_status()

    def shoppers(self, count: int) -> list[Shopper]:
        """So many customers, made once and met again."""
        missing = count - len(self._shoppers)
        with ThreadPoolExecutor(4) as pool:
            arrivals = pool.map(
                lambda _: Shopper.arrived(self.shop, self.faults, self.admin), range(missing)
            )
            self._shoppers += list(arrivals)
        return self._shoppers[:count]

    def told(self, tales: Iterable[Story], lanes: int) -> list[Ended]:
        """How each story ended, told by so many customers at once."""
        free: SimpleQueue[Shopper] = SimpleQueue()
        for shopper in self.shoppers(lanes):
            free.put(shopper)

        def tell(story: Story) -> Ended:
            shopper = free.get()
            try:
                return story(shopper)
            finally:
                free.put(shopper)

        with ThreadPoolExecutor(lanes) as pool:
            return list(pool.map(tell, tales))

    def supply(self, stock: int) -> str:
        """A product of which there is so much."""
        return self.admin.supply(name="Protein Bowl", price=12.99, description="Food", stock=stock)

    @contextmanager
    def short_waits(self) -> Iterator[None]:
        """Whoever begins a checkout meanwhile has 20 s to pay it, instead of 15 minutes."""
        machine = (service(deploy.ORCHESTRATOR) / "state-machine.yml").read_text()
        for waits in ("short", "usual"):
            stacks.deploy(
                self.shop.cloud, deploy.STATE_MACHINE, machine, {"Stage": "local", "Waits": waits}
            )
            if waits == "short":
                yield

    @contextmanager
    def time_passed(self, seconds: float) -> Iterator[None]:
        """The shop's clock is so far ahead for a while; and the gateways have forgotten their idempotency keys, as after a day."""
        for gateway in (self.shop.stripe_url, self.shop.razorpay_url):
            httpx.post(f"{gateway}/_control/forget-keys").raise_for_status()
        with self.faults.ahead(seconds):
            yield

    def charged(self, order_id: str) -> tuple[int, int]:
        """Minor units captured and given back for the order, by the books of both gateways."""
        books = [
            httpx.get(f"{gateway}/_control/totals").json().get(order_id, {})
            for gateway in (self.shop.stripe_url, self.shop.razorpay_url)
        ]
        return sum(row.get("captured", 0) for row in books), sum(
            row.get("refunded", 0) for row in books
        )

    def must_hold(self, orders: Sequence[str], seconds: float = 90, whole: bool = False) -> None:
        """What the shop promises of these orders, as soon as all that is under way has come to its end."""
        self.tally["orders checked"] += len(orders)
        found = until(lambda: self._discrepancies(orders, whole), lambda seen: not seen, seconds)
        self.tally["discrepancies found"] += len(found)
        assert found == []

    def redrive(self) -> int:
        """Bring all dead letters back; how many there were."""
        cloud = self.shop.cloud
        full = [queue for queue, count in dead_letters.waiting(cloud).items() if count]
        return sum(dead_letters.redrive(cloud, queue) for queue in full)

    def redrive_all(self, seconds: float = 120) -> None:
        """Once what was broken is mended, every dead letter that is brought back finds its way."""
        self.tally["dead letters brought back"] += self.redrive()
        self.quiet(seconds)
        assert self.sight.dead_letters() == {}

    def quiet(self, seconds: float = 60) -> None:
        """Wait until no queue of the shop holds anything any more."""
        queues = list(dead_letters.waiting(self.shop.cloud))
        until(
            lambda: {name for name in queues if self.sight.waiting(name)},
            lambda seen: not seen,
            seconds,
        )

    def _discrepancies(self, orders: Sequence[str], whole: bool) -> list[dict[str, Any]]:
        asked = {"orderIds": list(orders), "settle": 0, "repair": False, "fullStock": whole}
        found: list[dict[str, Any]] = []
        while True:
            answer = self.sight.invoke("checkout-orchestrator-local-reconcile", asked)
            found += answer["discrepancies"]
            if not answer.get("next"):
                return found
            asked["next"] = answer["next"]
