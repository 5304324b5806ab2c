"""Errors of the limit on declined cards.

`description` is published to the API's customers.
"""

from chalice import TooManyRequestsError


class CounterContended(Exception):
    """Others kept changing the counter. Nothing was counted. May be retried later."""


class TooManyDeclines(TooManyRequestsError):
    """The customer or the source waits `retry_after` seconds."""

    description = "Too many cards were declined. The header `Retry-After` says when to try again."

    def __init__(self, seconds: int) -> None:
        super().__init__(f"too many cards were declined; try again in {seconds} seconds")
        self.retry_after = seconds
