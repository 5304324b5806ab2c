"""Send webhooks at least once, in no promised order."""

import threading
from abc import ABC, abstractmethod
from queue import SimpleQueue

import httpx

from devcloud.gateways.fault_config import FaultConfig
from devcloud.gateways.store import JsonObject, Store

EVENT = "event"
_UNDELIVERED = "undelivered"
_MAX_ATTEMPTS = 7
_BACKOFF_SECONDS = 0.5  # doubles with each attempt
_REORDER_SECONDS = 0.6  # how long reordered webhooks wait for newer ones to overtake them


class WebhookSender(ABC):
    """Sends events to one address in the background, and resumes after a restart."""

    def __init__(self, store: Store, faults: FaultConfig, url: str, secret: str) -> None:
        self._store, self._faults, self._url, self.secret = store, faults, url, secret
        self._pending: SimpleQueue[JsonObject | None] = SimpleQueue()
        self._closing = threading.Event()
        for event in reversed(store.list_all(_UNDELIVERED)):
            self._pending.put(event)
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        self._thread.start()

    def emit(self, kind: str, subject: JsonObject) -> None:
        """Store an event, and send it once the present transaction is on the disk."""
        event = self.new_event(kind, subject)
        copies = self._faults.webhook_copies * (2 if self._faults.duplicate_webhooks else 1)
        with self._store.transaction():
            self._store.put(EVENT, event["id"], event)
            if self._faults.webhooks and self._url:
                self._store.put(_UNDELIVERED, event["id"], event)
                for _ in range(copies):
                    self._store.on_commit(lambda: self._pending.put(event))

    @abstractmethod
    def new_event(self, kind: str, subject: JsonObject) -> JsonObject:
        """Return a new event, identified by its `id`."""

    @abstractmethod
    def message(self, event: JsonObject) -> tuple[bytes, dict[str, str]]:
        """Return an event as it is sent: the body, and the headers that sign it."""

    def close(self) -> None:
        """Stop sending."""
        self._closing.set()
        self._pending.put(None)
        self._thread.join(timeout=5)

    def _run(self) -> None:
        with httpx.Client(timeout=35, trust_env=False) as http:
            while (event := self._pending.get()) is not None:
                for following in self._take_batch(event):
                    self._closing.wait(self._faults.webhook_delay_ms / 1000)
                    # In a thread of its own: one that fails and is retried delays no other.
                    threading.Thread(
                        target=self._deliver, args=(http, following), daemon=True
                    ).start()

    def _take_batch(self, event: JsonObject) -> list[JsonObject]:
        if not self._faults.reorder_webhooks:
            return [event]
        self._closing.wait(_REORDER_SECONDS)
        batch = [event]
        while not self._pending.empty() and (newer := self._pending.get()) is not None:
            batch.append(newer)
        return batch[::-1]

    def _deliver(self, http: httpx.Client, event: JsonObject) -> None:
        for attempt in range(_MAX_ATTEMPTS):
            is_accepted = self._post(http, *self.message(event))
            if self._closing.is_set():
                return
            if is_accepted:
                break
            self._closing.wait(_BACKOFF_SECONDS * 2**attempt)
        with self._store.lock:
            if not self._closing.is_set():
                self._store.delete(_UNDELIVERED, event["id"])

    def _post(self, http: httpx.Client, body: bytes, headers: dict[str, str]) -> bool:
        headers = {"Content-Type": "application/json", **headers}
        try:
            return http.post(self._url, content=body, headers=headers).is_success
        except (httpx.HTTPError, RuntimeError):  # RuntimeError: the client was closed meanwhile
            return False
