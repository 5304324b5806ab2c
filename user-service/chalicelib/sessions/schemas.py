"""Bodies of requests and responses."""

from typing import Annotated

from msgspec import Meta

from common.schemas import Schema


class TokenRefresh(Schema):
    """The refresh token of the last login or refresh."""

    refresh_token: Annotated[str, Meta(min_length=1, max_length=512)]


class SessionTokens(Schema):
    """An access token, its lifetime in seconds, and the next refresh token."""

    token: str
    refresh_token: str
    user_id: str
    expires_in: int


class Logout(Schema):
    """Whether to end all sessions of the account, or only the one of the access token."""

    everywhere: bool = False
