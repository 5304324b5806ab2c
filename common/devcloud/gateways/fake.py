"""What a stand-in for a payment gateway is, whichever gateway it stands in for."""

from abc import ABC, abstractmethod
from pathlib import Path

from starlette.applications import Starlette

from devcloud.gateways.fault_config import Switches
from devcloud.gateways.store import Store
from devcloud.gateways.webhooks import Webhooks

Totals = dict[str, dict[str, int]]


class StandIn(ABC):
    """Its books, its faults, whom it tells, and its ASGI `app`; `url` is where it is served."""

    webhooks: Webhooks
    app: Starlette
    url = ""

    def __init__(self, state: Path | None) -> None:
        self.store = Store(state)
        self.switches = Switches()

    def close(self) -> None:
        """Stop telling, and let go of the file."""
        self.webhooks.close()
        self.store.close()

    def reset(self) -> None:
        """Empty books, no faults."""
        self.switches.reset()
        self.store.clear()

    @abstractmethod
    def forget_keys(self) -> None:
        """Know no idempotency key any more, as after a day."""

    @abstractmethod
    def totals(self) -> Totals:
        """By the order of the shop: minor units captured and given back, and how many intents there are."""
