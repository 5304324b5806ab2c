"""What rotate-signing-key takes and answers, and the access token."""

from dataclasses import dataclass

from common import http


class RotateSigningKey(http.Body):
    """With revoke_old, as after a leak, tokens signed by earlier keys are worth nothing at once."""

    revoke_old: bool = False


class Rotated(http.Body):
    """Which key signs now, and which are published, newest first."""

    current: str
    published: list[str]


@dataclass(frozen=True)
class AccessToken:
    """A signed token and how long it is good for."""

    text: str
    lives_seconds: int
