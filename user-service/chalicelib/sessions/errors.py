"""What can go wrong with sessions."""

from chalice import UnauthorizedError


class InvalidRefreshToken(UnauthorizedError):
    """Unknown, expired, ended, or used before; which of them stays unsaid. Logging in again is right."""


class SessionEnded(UnauthorizedError):
    """The access token is not out of date, but its session has ended: by logout, a new password, or deletion."""
