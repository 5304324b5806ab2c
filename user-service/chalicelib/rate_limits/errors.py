"""Errors of rate limiting. `description` is published to the API's customers."""

from chalice import TooManyRequestsError


class CounterContended(Exception):
    """Others kept changing the counter. Nothing was counted. May be retried later."""


class TooManyAttempts(TooManyRequestsError):
    """The source is backing off. `retry_after` becomes the header Retry-After."""

    description = "Too many attempts. The header `Retry-After` says when to try again, in seconds."

    def __init__(self, seconds: int) -> None:
        super().__init__(f"too many attempts; try again in {seconds} seconds")
        self.retry_after = seconds
