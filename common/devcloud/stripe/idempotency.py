"""Stripe's rules for idempotency keys: https://docs.stripe.com/api/idempotent_requests.

The first answer to a key is given again, declines and 500s included, for a day. With other parameters the key is refused, and so it
is while its first request is still being carried out. A request that was refused before it was carried out (wrong parameters,
a busy or overloaded gateway) leaves no trace: it may be put right and sent with the same key.
"""

import hashlib
import json
import threading
import time
from collections.abc import Callable
from typing import Any

from devcloud.gateways.store import Store
from devcloud.stripe.errors import StripeError, invalid

_KIND = "idempotency"
_KEPT_SECONDS = 24 * 3600
_LONGEST = 255
# Refusals of what was carried out as far as it could be.
_REMEMBERED = ("payment_intent_unexpected_state", "charge_already_refunded")

Answer = tuple[int, dict[str, Any]]


class Keys:
    """The keys that were used, and those in use."""

    def __init__(self, store: Store) -> None:
        self._store, self._in_use, self._lock = store, set[str](), threading.Lock()

    def answer(
        self, key: str, path: str, params: dict[str, Any], act: Callable[[], Answer]
    ) -> tuple[Answer, bool]:
        """The answer to this request, and whether it is an earlier one given again.

        What `act` writes and the answer are kept together: no crash can part them.
        """
        if len(key) > _LONGEST:
            raise invalid(
                f"Idempotency keys are at most {_LONGEST} characters long; this one has {len(key)}."
            )
        fingerprint = _fingerprint(path, params)
        self._take(key)
        try:
            if kept := self._kept(key):
                return _again(kept, fingerprint, key), True
            with self._store.transaction():
                status, body = _carry_out(act)
                if _is_remembered(status, body):
                    self._keep(key, fingerprint, status, body)
            return (status, body), False
        finally:
            self._in_use.discard(key)

    def forget(self) -> None:
        """Know no key any more, as after a day."""
        self._store.clear(_KIND)

    def _take(self, key: str) -> None:
        with self._lock:
            if key in self._in_use:
                raise StripeError(
                    409,
                    "idempotency_error",
                    "There is currently another in-progress request using this idempotency key.",
                    code="idempotency_key_in_use",
                )
            self._in_use.add(key)

    def _kept(self, key: str) -> dict[str, Any] | None:
        kept = self._store.get(_KIND, key)
        return kept if kept and kept["at"] > time.time() - _KEPT_SECONDS else None

    def _keep(self, key: str, fingerprint: str, status: int, body: dict[str, Any]) -> None:
        kept = {"fingerprint": fingerprint, "status": status, "body": body, "at": time.time()}
        self._store.put(_KIND, key, kept)


def _carry_out(act: Callable[[], Answer]) -> Answer:
    try:
        return act()
    except StripeError as problem:
        return problem.status, problem.body


def _is_remembered(status: int, body: dict[str, Any]) -> bool:
    return status in (200, 402) or status >= 500 or body["error"].get("code") in _REMEMBERED


def _again(kept: dict[str, Any], fingerprint: str, key: str) -> Answer:
    if kept["fingerprint"] != fingerprint:
        raise StripeError(
            400,
            "idempotency_error",
            f"Keys for idempotent requests can only be used with the same parameters they were first used with: '{key}'.",
        )
    return kept["status"], kept["body"]


def _fingerprint(path: str, params: dict[str, Any]) -> str:
    return hashlib.sha256(f"{path} {json.dumps(params, sort_keys=True)}".encode()).hexdigest()
