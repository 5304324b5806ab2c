"""Retries with jitter: one policy for everything that is tried again.

for _ in RetryPolicy(tries=12, pause_seconds=0.01).attempts():
    try:
        return write()
    except TransactionCancelled:
        continue
raise CartUnavailable(...)
"""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class RetryPolicy:
    """How often something is tried, and how long to wait before each further attempt.

    Full jitter: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
    """

    tries: int
    pause_seconds: float
    max_pause_seconds: float = float("inf")

    def attempts(self) -> Iterator[int]:
        """Yield the number of each attempt, from 0. Sleep before each but the first."""
        for attempt in range(self.tries):
            if attempt:
                time.sleep(random.uniform(0, self._longest_pause(attempt)))
            yield attempt

    def _longest_pause(self, attempt: int) -> float:
        doubled: float = self.pause_seconds * 2 ** (attempt - 1)
        return min(doubled, self.max_pause_seconds)
