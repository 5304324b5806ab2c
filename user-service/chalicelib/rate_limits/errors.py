"""Errors of rate limiting."""

from chalice import TooManyRequestsError

from common import http


class TooManyAttempts(TooManyRequestsError):
    """Too many attempts; the header Retry-After says in how many seconds to try again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"too many attempts; try again in {seconds} seconds")
        self.seconds = seconds
        http.retry_after(seconds)
