"""Refresh tokens: what a client stores, and what the shop stores of it.

`<user>.<session>.<family>.<secret>`: the family stays as long as the session, the secret changes
with each use. A right family with a used secret means that two parties have the token: one of them
stole it. A wrong family is a guess, and ends nobody's session.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, replace
from typing import Self

from chalicelib.sessions.errors import InvalidRefreshToken
from common import ids

_BYTES = 24
_PARTS = 4


@dataclass(frozen=True)
class RefreshToken:
    """A parsed refresh token."""

    user_id: str
    session_id: str
    family: str
    secret: str

    @classmethod
    def create(cls, user_id: str, session_id: str) -> Self:
        """Create the first token of a session."""
        return cls(
            user_id, session_id, secrets.token_urlsafe(_BYTES), secrets.token_urlsafe(_BYTES)
        )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the token that a client sent.

        Raises: InvalidRefreshToken if it cannot be one.
        """
        parts = text.split(".")
        if len(parts) != _PARTS or not all(parts) or not text.isascii():
            raise InvalidRefreshToken
        user, session, family, secret = parts
        return cls(f"USER#{user}", f"SESSION#{session}", family, secret)

    def successor(self, seed: str) -> Self:
        """Return the next token: the same for every repeat, and known only with the seed."""
        secret = hmac.new(seed.encode(), self.secret.encode(), hashlib.sha256).hexdigest()
        return replace(self, secret=secret)

    def serialize(self) -> str:
        """Return the token as it is sent to the client."""
        return ".".join(
            (ids.suffix(self.user_id), ids.suffix(self.session_id), self.family, self.secret)
        )
