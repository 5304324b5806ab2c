"""Errors of sessions. `description` is published to the API's customers."""

from chalice import UnauthorizedError


class InvalidRefreshToken(UnauthorizedError):
    """The refresh token is malformed, unknown, used, expired, or of no session."""

    description = "The refresh token is unknown, used or expired: log in again."

    def __init__(self) -> None:
        super().__init__("Invalid refresh token")


class SessionEnded(UnauthorizedError):
    """The access token is valid, but its session has ended."""

    description = "The session of the access token has ended: log in again."

    def __init__(self) -> None:
        super().__init__("your session has ended; log in again")
