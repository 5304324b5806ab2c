"""Values from elsewhere that are kept for a while: keys, secrets, settings."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from common import log

Value = TypeVar("Value")


class Cached(Generic[Value]):
    """A value that is fetched again once it is `seconds` old. Safe for threads.

    If a fetch raises one of `outages` while there is a value, the old one stays in use, the
    outage is logged, and the next fetch waits for `retry_seconds`. Anything else is raised.
    """

    def __init__(
        self,
        fetch: Callable[[], Value],
        seconds: float,
        *,
        outages: tuple[type[Exception], ...] = (),
        retry_seconds: float = 0,
    ) -> None:
        self._fetch, self._seconds = fetch, seconds
        self._outages, self._retry_seconds = outages, retry_seconds
        self._lock = threading.RLock()
        self.clear()

    def get(self, max_age: float | None = None) -> Value:
        """Return the value, at most `max_age` seconds old where that is given.

        Raises: what `fetch` raises, if there is no value to go on with.
        """
        with self._lock:
            allowed = self._seconds if max_age is None else min(max_age, self._seconds)
            now = time.monotonic()
            if now - self._fetched_at > allowed and now - self._failed_at > self._retry_seconds:
                self._refresh(now)
            return self._values[0]

    def clear(self) -> None:
        """Fetch the value again at the next call."""
        with self._lock:
            self._values: list[Value] = []
            self._fetched_at = self._failed_at = float("-inf")

    def _refresh(self, now: float) -> None:
        try:
            self._values = [self._fetch()]
        except self._outages as exc:
            if not self._values:
                raise
            self._failed_at = now
            log.logger.exception("fetch failed, keeping the value", extra={"error": repr(exc)})
        else:
            self._fetched_at = now
