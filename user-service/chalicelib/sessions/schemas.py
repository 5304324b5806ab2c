"""Bodies accepted and returned."""

from typing import Annotated

from msgspec import Meta

from common import http


class Refresh(http.Body):
    """The refresh token of the last login or refresh."""

    refresh_token: Annotated[str, Meta(min_length=1, max_length=512)]


class Refreshed(http.Body):
    """A new access token, which expires after so many seconds, and the refresh token to use next time."""

    token: str
    refresh_token: str
    user_id: str
    expires_in: int


class Logout(http.Body):
    """Whether to end all of one's sessions, or only the one of the access token."""

    everywhere: bool = False


class LoggedOut(http.Body):
    """The answer to a logout."""

    message: str
