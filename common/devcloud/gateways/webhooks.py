"""Webhooks come at least once, in no promised order; how they are worded and signed is the gateway's own."""

import threading
from abc import ABC, abstractmethod
from queue import LifoQueue, Queue, SimpleQueue
from typing import Any

import httpx

from devcloud.gateways.fault_config import Switches
from devcloud.gateways.store import Store

EVENT = "event"
_UNDELIVERED = "undelivered"
_TRIES = 7
_PAUSE_SECONDS = 0.5
_GATHER_SECONDS = 0.6  # how long reordered webhooks are held back for newer ones to overtake

Event = dict[str, Any]


class Webhooks(ABC):
    """Tells one address what happened, from threads of its own; what a restart interrupts is told after it."""

    def __init__(self, store: Store, switches: Switches, url: str, secret: str) -> None:
        self._store, self._switches, self._url, self.secret = store, switches, url, secret
        self._waiting: SimpleQueue[Event | None] = SimpleQueue()
        self._closing = threading.Event()
        for event in reversed(store.all(_UNDELIVERED)):
            self._waiting.put(event)
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        self._thread.start()

    def tell(self, kind: str, about: dict[str, Any]) -> None:
        """Send an event about this object once what is being written is on the disk."""
        event = self.event(kind, about)
        copies = self._switches.webhook_copies * (2 if self._switches.duplicate_webhooks else 1)
        with self._store.transaction():
            self._store.put(EVENT, event["id"], event)
            if self._switches.webhooks and self._url:
                self._store.put(_UNDELIVERED, event["id"], event)
                for _ in range(copies):
                    self._store.afterwards(lambda: self._waiting.put(event))

    @abstractmethod
    def event(self, kind: str, about: dict[str, Any]) -> Event:
        """What is told; its `id` stands for it."""

    @abstractmethod
    def message(self, event: Event) -> tuple[bytes, dict[str, str]]:
        """An event as it is sent: its body, and the headers that vouch for it."""

    def close(self) -> None:
        """Stop telling."""
        self._closing.set()
        self._waiting.put(None)
        self._thread.join(timeout=5)

    def _run(self) -> None:
        with httpx.Client(timeout=35, trust_env=False) as http:
            while (event := self._waiting.get()) is not None:
                for following in self._in_order(event):
                    self._closing.wait(self._switches.webhook_delay_ms / 1000)
                    # Each in a thread of its own: one that fails and is tried again holds up no other.
                    threading.Thread(
                        target=self._deliver, args=(http, following), daemon=True
                    ).start()

    def _in_order(self, event: Event) -> list[Event]:
        if not self._switches.reorder_webhooks:
            return [event]
        self._closing.wait(_GATHER_SECONDS)
        held: Queue[Event] = LifoQueue()
        held.put(event)
        while not self._waiting.empty() and (newer := self._waiting.get()) is not None:
            held.put(newer)
        return [held.get() for _ in range(held.qsize())]

    def _deliver(self, http: httpx.Client, event: Event) -> None:
        for attempt in range(_TRIES):
            taken = self._is_taken(http, *self.message(event))
            if self._closing.is_set():
                return
            if taken:
                break
            self._closing.wait(_PAUSE_SECONDS * 2**attempt)
        with self._store.lock:
            if not self._closing.is_set():
                self._store.remove(_UNDELIVERED, event["id"])

    def _is_taken(self, http: httpx.Client, body: bytes, headers: dict[str, str]) -> bool:
        headers = {"Content-Type": "application/json", **headers}
        try:
            return http.post(self._url, content=body, headers=headers).is_success
        except (httpx.HTTPError, RuntimeError):  # RuntimeError: the client was closed meanwhile
            return False
