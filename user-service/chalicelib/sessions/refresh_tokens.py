"""Refresh tokens: what a client keeps, and what the shop keeps of it.

`<user>.<session>.<family>.<secret>`: the family's part stays as long as the session, the secret changes with each use. Whoever
shows a right family with a secret that was used before has a stolen token, or was stolen from; who shows a wrong family has
nothing, and ends nobody's session.
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
    """A refresh token, taken apart."""

    user_id: str
    session_id: str
    family: str
    secret: str

    @classmethod
    def made(cls, user_id: str, session_id: str) -> Self:
        """The first one of a session."""
        return cls(
            user_id, session_id, secrets.token_urlsafe(_BYTES), secrets.token_urlsafe(_BYTES)
        )

    @classmethod
    def parsed(cls, text: str) -> Self:
        """What a client sent; InvalidRefreshToken if it cannot be one."""
        parts = text.split(".")
        if len(parts) != _PARTS or not all(parts) or not text.isascii():
            raise InvalidRefreshToken("Invalid refresh token")
        user, session, family, secret = parts
        return cls(f"USER#{user}", f"SESSION#{session}", family, secret)

    def successor(self, seed: str) -> Self:
        """The next one. Only the shop can tell it, and always the same: a repeat whose answer was lost gets it again."""
        secret = hmac.new(seed.encode(), self.secret.encode(), hashlib.sha256).hexdigest()
        return replace(self, secret=secret)

    def text(self) -> str:
        """As the client gets it."""
        return ".".join(
            (ids.suffix(self.user_id), ids.suffix(self.session_id), self.family, self.secret)
        )
