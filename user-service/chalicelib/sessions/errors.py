"""Errors of sessions."""

from chalice import UnauthorizedError


class InvalidRefreshToken(UnauthorizedError):
    """The refresh token is unknown, used, expired, or its session has ended: log in again."""

    def __init__(self) -> None:
        super().__init__("Invalid refresh token")


class SessionEnded(UnauthorizedError):
    """The session of the access token has ended: log in again."""

    def __init__(self) -> None:
        super().__init__("your session has ended; log in again")
