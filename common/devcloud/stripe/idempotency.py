"""Apply Stripe's rules for idempotency keys.

https://docs.stripe.com/api/idempotent_requests

The first response to a key is repeated for a day, declines and 500s included. The key is rejected
with other parameters, and while its first request is running. A request that was rejected before
it was executed (wrong parameters, a busy or overloaded gateway) leaves no record: it can be
corrected and sent with the same key.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from devcloud.gateways.idempotency import IdempotencyKeys, KeyReused, fingerprint
from devcloud.gateways.store import JsonObject, Store
from devcloud.stripe.errors import StripeError, invalid_request

LIFETIME_SECONDS = 24 * 3600
_MAX_LENGTH = 255
# Rejections of requests that were executed.
_RECORDED_CODES = ("payment_intent_unexpected_state", "charge_already_refunded")

Answer = tuple[int, JsonObject]  # status and body


class RequestKeys:
    """The keys of earlier requests, and those of running ones."""

    def __init__(self, store: Store, keys: IdempotencyKeys) -> None:
        self._store, self._keys = store, keys
        self._in_use, self._lock = set[str](), threading.Lock()

    def execute_once(
        self, key: str, path: str, params: JsonObject, execute: Callable[[], Answer]
    ) -> tuple[Answer, bool]:
        """Execute a request, or repeat its response. Returns whether it is repeated, too.

        What `execute` writes and the response are committed together.
        """
        if len(key) > _MAX_LENGTH:
            raise invalid_request(
                f"Idempotency keys are at most {_MAX_LENGTH} characters long;"
                f" this one has {len(key)}."
            )
        request = fingerprint(f"{path} {json.dumps(params, sort_keys=True)}")
        with self._claim(key):
            if recorded := self._find(key, request):
                return (recorded["status"], recorded["body"]), True
            with self._store.transaction():
                status, body = _execute(execute)
                if _is_recorded(status, body):
                    self._keys.record(key, request, status=status, body=body)
            return (status, body), False

    @contextmanager
    def _claim(self, key: str) -> Iterator[None]:
        with self._lock:
            if key in self._in_use:
                raise StripeError(
                    409,
                    "idempotency_error",
                    "There is currently another in-progress request using this idempotency key.",
                    code="idempotency_key_in_use",
                )
            self._in_use.add(key)
        try:
            yield
        finally:
            self._in_use.discard(key)

    def _find(self, key: str, request: str) -> JsonObject | None:
        try:
            return self._keys.find(key, request)
        except KeyReused:
            raise StripeError(
                400,
                "idempotency_error",
                "Keys for idempotent requests can only be used with the same parameters they were"
                f" first used with: '{key}'.",
            ) from None


def _execute(execute: Callable[[], Answer]) -> Answer:
    try:
        return execute()
    except StripeError as exc:
        return exc.status, exc.body


def _is_recorded(status: int, body: JsonObject) -> bool:
    return status in (200, 402) or status >= 500 or body["error"].get("code") in _RECORDED_CODES
