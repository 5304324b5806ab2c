"""What can go wrong with too many attempts."""

from chalice import TooManyRequestsError

from common import http


class TooManyAttempts(TooManyRequestsError):
    """Too often in too short a time; the header Retry-After says in how many seconds it may be tried again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"too many attempts; try again in {seconds} seconds")
        self.seconds = seconds
        http.retry_after(seconds)
