"""Signed webhooks: https://docs.stripe.com/webhooks. They come at least once, in no promised order."""

import hashlib
import hmac
import json
import secrets
import threading
import time
from queue import LifoQueue, Queue, SimpleQueue
from typing import Any

import httpx

from localcloud.stripe.store import Store
from localcloud.stripe.switches import Switches

_TRIES = 6
_PAUSE_SECONDS = 0.5
_GATHER_SECONDS = 0.3  # how long reordered webhooks are held back for newer ones to overtake

Event = dict[str, Any]


class Webhooks:
    """Tells one address what happened, from a thread of its own."""

    def __init__(self, store: Store, switches: Switches, url: str, secret: str) -> None:
        self._store, self._switches, self.url, self._secret = store, switches, url, secret
        self._waiting: SimpleQueue[Event | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        self._thread.start()

    def tell(self, kind: str, about: dict[str, Any]) -> None:
        """Send an event about this object, soon."""
        event: Event = {
            "id": f"evt_{secrets.token_hex(12)}",
            "object": "event",
            "type": kind,
            "created": int(time.time()),
            "livemode": False,
            "data": {"object": about},
        }
        self._store.put("event", event["id"], event)
        if self._switches.webhooks and self.url:
            for _ in range(2 if self._switches.duplicate_webhooks else 1):
                self._waiting.put(event)

    def close(self) -> None:
        """Stop telling."""
        self._waiting.put(None)
        self._thread.join(timeout=5)

    def _run(self) -> None:
        with httpx.Client(timeout=35) as http:
            while (event := self._waiting.get()) is not None:
                for following in self._in_order(event):
                    time.sleep(self._switches.webhook_delay_ms / 1000)
                    # Each in a thread of its own: one that fails and is tried again holds up no other.
                    threading.Thread(target=self._deliver, args=(http, following), daemon=True).start()

    def _in_order(self, event: Event) -> list[Event]:
        if not self._switches.reorder_webhooks:
            return [event]
        time.sleep(_GATHER_SECONDS)
        held: Queue[Event] = LifoQueue()
        held.put(event)
        while not self._waiting.empty() and (newer := self._waiting.get()) is not None:
            held.put(newer)
        return [held.get() for _ in range(held.qsize())]

    def _deliver(self, http: httpx.Client, event: Event) -> None:
        body = json.dumps(event).encode()
        for attempt in range(_TRIES):
            headers = {"Content-Type": "application/json", "Stripe-Signature": signature(body, self._secret)}
            try:
                if http.post(self.url, content=body, headers=headers).is_success:
                    return
            except (httpx.HTTPError, RuntimeError):  # RuntimeError: the client was closed meanwhile
                pass
            time.sleep(_PAUSE_SECONDS * 2**attempt)


def signature(body: bytes, secret: str, at: int | None = None) -> str:
    """The Stripe-Signature header: https://docs.stripe.com/webhooks#verify-manually."""
    moment = at or int(time.time())
    signed = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={signed}"
