"""Define what the fakes of payment gateways have in common."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from starlette.applications import Starlette

from devcloud.gateways.fault_config import FaultConfig
from devcloud.gateways.idempotency import IdempotencyKeys
from devcloud.gateways.store import JsonObject, Store
from devcloud.gateways.webhooks import WebhookSender

Totals = dict[str, dict[str, int]]
Decisions = Mapping[str, Callable[[str], JsonObject]]


class FakeGateway(ABC):
    """A gateway's objects, faults, idempotency keys and webhooks, and its ASGI app."""

    key_lifetime_seconds: float | None = None
    payable_path: str  # where the customer's decisions are posted: /_control/<payable_path>/<id>
    webhooks: WebhookSender
    app: Starlette
    url = ""  # where it is served in this process

    def __init__(self, state: Path | None) -> None:
        self.store = Store(state)
        self.faults = FaultConfig()
        self.keys = IdempotencyKeys(self.store, self.key_lifetime_seconds)

    def close(self) -> None:
        """Stop sending webhooks, and close the state file."""
        self.webhooks.close()
        self.store.close()

    def reset(self) -> None:
        """Delete all objects and turn all faults off."""
        self.faults.reset()
        self.store.clear()

    def forget_keys(self) -> None:
        """Forget all idempotency keys, as a gateway does after a day."""
        self.keys.clear()

    def totals(self) -> Totals:
        """Sum minor units captured and refunded, and count intents, by order id."""
        totals: Totals = {}
        with self.store.lock:
            for order_id, captured, refunded in self.amounts():
                row = totals.setdefault(order_id, {"captured": 0, "refunded": 0, "intents": 0})
                row["captured"] += captured
                row["refunded"] += refunded
                row["intents"] += 1
        return totals

    @abstractmethod
    def amounts(self) -> Iterator[tuple[str, int, int]]:
        """Yield order id, captured amount and refunded amount of each intent."""

    @abstractmethod
    def decisions(self) -> Decisions:
        """Return what customer and bank can decide about a payment, by name."""

    @abstractmethod
    def refund_at_dashboard(self, identifier: str, amount: int | None) -> JsonObject:
        """Refund what was paid for an intent, as staff can at the gateway's dashboard."""

    @abstractmethod
    def dispute(self, identifier: str, status: str) -> JsonObject:
        """Open the dispute of an intent's charge, or close it as won or lost."""

    @abstractmethod
    def fail_refund(self, identifier: str) -> JsonObject:
        """Fail a refund that had succeeded, as the customer's bank can days later."""
