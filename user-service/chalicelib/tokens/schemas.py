"""Input and result of rotate-signing-key, the public keys, and the access token."""

from dataclasses import dataclass

from common.schemas import Schema


class RotateSigningKey(Schema):
    """Whether tokens of earlier keys become invalid at once, as after a leak."""

    revoke_old: bool = False


class KeyRotation(Schema):
    """The id of the key that signs now, and those of all published keys, newest first."""

    current: str
    published: list[str]


class JsonWebKey(Schema):
    """The public half of an Ed25519 key (RFC 8037)."""

    kty: str
    crv: str
    x: str
    kid: str
    alg: str
    use: str


class JsonWebKeySet(Schema):
    """The keys whose tokens may be valid, newest first."""

    keys: list[JsonWebKey]


@dataclass(frozen=True)
class AccessToken:
    """A signed token and its lifetime."""

    text: str
    lifetime_seconds: int
