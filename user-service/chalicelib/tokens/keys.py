"""The keys that sign tokens: private in Secrets Manager, public in Parameter Store.

Only this service may read the secret. A key is published before it is stored, so none can sign that is not known.
"""

import json
import time
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import OKPAlgorithm

from chalicelib.tokens.errors import SigningKeysMissing
from common import auth, aws, clock, ids

SECRET = "commerce/user-service/signing-keys"  # noqa: S105 - where the keys are, not one of them
FRESH_SECONDS = 60  # a Lambda signs with a key at most this long after its retirement


class SigningKey(msgspec.Struct, rename="camel", frozen=True):
    """An Ed25519 key; private_key is PEM."""

    kid: str
    private_key: str
    created_at: str

    @classmethod
    def made(cls) -> "SigningKey":
        """A new key, known to nobody yet."""
        pem = Ed25519PrivateKey.generate().private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        return cls(ids.suffix(ids.new("KEY")), pem.decode(), clock.now())

    def public(self) -> dict[str, Any]:
        """The public half as a JSON Web Key."""
        private = load_pem_private_key(self.private_key.encode(), password=None)
        assert isinstance(private, Ed25519PrivateKey), "made() makes no other"
        jwk = OKPAlgorithm.to_jwk(private.public_key(), as_dict=True)
        return {**jwk, "kid": self.kid, "alg": "EdDSA", "use": "sig"}


class KeyRing(msgspec.Struct, rename="camel", frozen=True):
    """The keys whose tokens may be alive, newest first; the current one signs."""

    current: str
    keys: list[SigningKey]

    @classmethod
    def of(cls, keys: list[SigningKey]) -> "KeyRing":
        """These keys; the first one signs."""
        return cls(keys[0].kid, keys)


def publish(keys: list[SigningKey]) -> None:
    """Let everybody believe tokens signed by exactly these keys. Safe to repeat."""
    aws.client("ssm").put_parameter(
        Name=auth.KEYS_PARAMETER,
        Description="Public keys of the shop's access tokens, written by rotate-signing-key of user-service",
        Value=json.dumps({"keys": [key.public() for key in keys]}, separators=(",", ":")),
        Type="String",
        Overwrite=True,
    )


def store(ring: KeyRing) -> None:
    """Sign with the ring's current key from now on, elsewhere after FRESH_SECONDS. Safe to repeat."""
    aws.client("secretsmanager").put_secret_value(
        SecretId=SECRET, SecretString=msgspec.json.encode(ring).decode()
    )
    forget()


def stored() -> list[SigningKey]:
    """All keys, newest first; none before the first rotation."""
    client = aws.client("secretsmanager")
    try:
        text = client.get_secret_value(SecretId=SECRET)["SecretString"]
    except client.exceptions.ResourceNotFoundException:  # also where the secret has no value yet
        return []
    ring = msgspec.json.decode(text, type=KeyRing)
    return sorted(ring.keys, key=lambda key: key.kid == ring.current, reverse=True)


class _Cache:
    """The current key, for a while: Secrets Manager costs money and milliseconds."""

    def __init__(self) -> None:
        self.key: SigningKey | None = None
        self.fetched = float("-inf")


_cache = _Cache()


def current() -> SigningKey:
    """The key to sign with; SigningKeysMissing before the first rotation."""
    if _cache.key is None or time.monotonic() - _cache.fetched > FRESH_SECONDS:
        asked = time.monotonic()
        keys = stored()
        if not keys:
            raise SigningKeysMissing(
                "no signing key yet: invoke the Lambda rotate-signing-key once"
            )
        _cache.key, _cache.fetched = keys[0], asked
    return _cache.key


def forget() -> None:
    """Fetch the current key anew for the next token."""
    _cache.key, _cache.fetched = None, float("-inf")
