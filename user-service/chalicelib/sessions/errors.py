"""Errors of sessions; `description` is published to the API's customers."""

from chalice import UnauthorizedError


class InvalidRefreshToken(UnauthorizedError):
    """The refresh token is malformed, unknown, used or expired, or its session has ended."""

    description = "The refresh token is unknown, used or expired: log in again."

    def __init__(self) -> None:
        super().__init__("Invalid refresh token")


class SessionEnded(UnauthorizedError):
    """The session of a valid access token has ended: by logout, a new password, or deletion."""

    description = "The session of the access token has ended: log in again."

    def __init__(self) -> None:
        super().__init__("your session has ended; log in again")
