"""Input and result of rotate-signing-key, and the access token."""

from dataclasses import dataclass

from common import http


class RotateSigningKey(http.Body):
    """With revoke_old, as after a leak, tokens signed by earlier keys become invalid at once."""

    revoke_old: bool = False


class SigningKeyRotated(http.Body):
    """The id of the key that signs now, and those of all published keys, newest first."""

    current: str
    published: list[str]


@dataclass(frozen=True)
class AccessToken:
    """A signed token and its lifetime."""

    text: str
    lifetime_seconds: int
