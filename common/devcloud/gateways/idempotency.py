"""The idempotency keys of a fake gateway, and what was responded to them."""

import hashlib
import time
from typing import Any

from devcloud.gateways.store import JsonObject, Store

_KIND = "idempotency"


class KeyReused(Exception):
    """The key was used before, with another request."""


class IdempotencyKeys:
    """Recorded responses by key. They expire where the gateway's keys do."""

    def __init__(self, store: Store, lifetime_seconds: float | None = None) -> None:
        self._store, self._lifetime = store, lifetime_seconds

    def find(self, key: str, fingerprint: str) -> JsonObject | None:
        """Return what was recorded for the key.

        Raises: KeyReused when it was recorded for another request.
        """
        record = self._store.get(_KIND, key)
        if record is None or self._is_expired(record):
            return None
        if record["fingerprint"] != fingerprint:
            raise KeyReused(key)
        return record

    def record(self, key: str, fingerprint: str, **response: Any) -> None:
        """Record the response to a request."""
        record = {"fingerprint": fingerprint, **response, "at": time.time()}
        self._store.put(_KIND, key, record)

    def clear(self) -> None:
        """Forget all keys."""
        self._store.clear(_KIND)

    def _is_expired(self, record: JsonObject) -> bool:
        return self._lifetime is not None and record["at"] <= time.time() - self._lifetime


def fingerprint(request: str) -> str:
    """Return a digest that differs for different requests."""
    return hashlib.sha256(request.encode()).hexdigest()
