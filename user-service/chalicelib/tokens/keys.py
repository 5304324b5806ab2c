"""The keys that sign tokens.

Private keys are in Secrets Manager, public ones in Parameter Store. Only this service may read the
secret. A key is published before it is stored, so that no token is signed with a key that is not
published.
"""

import json
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
from common.cached import Cached

SECRET = "commerce/user-service/signing-keys"  # noqa: S105 - the name of the secret
CACHE_SECONDS = 60  # a Lambda signs with a key at most this long after its retirement


class SigningKey(msgspec.Struct, rename="camel", frozen=True):
    """An Ed25519 key. `private_key` is PEM."""

    kid: str
    private_key: str
    created_at: str

    @classmethod
    def create(cls) -> "SigningKey":
        """Generate a new key. It is neither published nor stored."""
        pem = Ed25519PrivateKey.generate().private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        return cls(ids.suffix(ids.new("KEY")), pem.decode(), clock.now())

    def public_jwk(self) -> dict[str, Any]:
        """Return the public half as a JSON Web Key."""
        private = load_pem_private_key(self.private_key.encode(), password=None)
        assert isinstance(private, Ed25519PrivateKey), "create() generates no other"
        jwk = OKPAlgorithm.to_jwk(private.public_key(), as_dict=True)
        return {**jwk, "kid": self.kid, "alg": "EdDSA", "use": "sig"}


class KeyRing(msgspec.Struct, rename="camel", frozen=True):
    """The keys whose tokens may still be valid, newest first. The current one signs."""

    current: str
    keys: list[SigningKey]


def publish_keys(keys: list[SigningKey]) -> None:
    """Let every verifier accept tokens signed by exactly these keys. Idempotent."""
    aws.client("ssm").put_parameter(
        Name=auth.KEYS_PARAMETER,
        Description="Public keys of access tokens, written by user-service's rotate-signing-key",
        Value=json.dumps({"keys": [key.public_jwk() for key in keys]}, separators=(",", ":")),
        Type="String",
        Overwrite=True,
    )


def store_keys(keys: list[SigningKey]) -> None:
    """Sign with the first of these keys. Idempotent.

    Lambdas that have cached the previous key follow after CACHE_SECONDS.
    """
    ring = KeyRing(current=keys[0].kid, keys=keys)
    aws.client("secretsmanager").put_secret_value(
        SecretId=SECRET, SecretString=msgspec.json.encode(ring).decode()
    )
    clear_cache()


def list_keys() -> list[SigningKey]:
    """Return all stored keys, the current one first. None before the first rotation."""
    client = aws.client("secretsmanager")
    try:
        text = client.get_secret_value(SecretId=SECRET)["SecretString"]
    except client.exceptions.ResourceNotFoundException:  # also if the secret has no value yet
        return []
    ring = msgspec.json.decode(text, type=KeyRing)
    return sorted(ring.keys, key=lambda key: key.kid == ring.current, reverse=True)


def get_current_key() -> SigningKey:
    """Return the key to sign with, from the cache.

    Raises: SigningKeysMissing before the first rotation.
    """
    return _current_key.get()


def clear_cache() -> None:
    """Fetch the current key again for the next token."""
    _current_key.clear()


def _fetch_current_key() -> SigningKey:
    keys = list_keys()
    if not keys:
        raise SigningKeysMissing("no signing key yet: invoke the Lambda rotate-signing-key once")
    return keys[0]


# Secrets Manager costs money and milliseconds.
_current_key = Cached(_fetch_current_key, CACHE_SECONDS)
