"""Forged Authorization headers."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from common import auth
from testkit.tokens import KID, Tokens


def forged(tokens: Tokens, user_id: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Return each forgery's name and headers. Every one claims to be an admin's."""
    yield "no token", {}
    for name, header in _headers(
        tokens, {"sub": user_id, "email": "admin@example.com", "role": "admin"}
    ):
        yield name, {"Authorization": header}


def _headers(tokens: Tokens, claims: dict[str, Any]) -> Iterator[tuple[str, str]]:
    good = tokens.sign(**claims)
    yield "an empty header", ""
    yield "a scheme alone", "Bearer"
    yield "a token without a scheme", good
    yield "another scheme", f"Basic {good}"
    yield "the header twice", f"Bearer {good}, Bearer {good}"
    yield "two tokens", f"Bearer {good} {good}"
    for name, token in _tokens(tokens, claims, good):
        yield name, f"Bearer {token}"


def _tokens(tokens: Tokens, claims: dict[str, Any], good: str) -> Iterator[tuple[str, str]]:
    now = int(time.time())
    head, payload, signature = good.split(".")
    proper = {**claims, "iss": auth.ISSUER, "aud": auth.AUDIENCE, "iat": now, "exp": now + 900}
    foreign = Ed25519PrivateKey.generate()
    yield "garbage", "abc"
    yield "garbage in three parts", "a.b.c"
    yield "letters that no token has", "é😀\x00.é.é"
    yield "an expired token", tokens.sign(**claims, exp=now - 1)
    yield "a token that is not valid yet", tokens.sign(**claims, nbf=now + 600)
    yield "a token from the future", tokens.sign(**claims, iat=now + 600)
    yield "a token for another audience", tokens.sign(**claims, aud="elsewhere")
    yield "a token of another issuer", tokens.sign(**claims, iss="somebody")
    yield "a token that never expires", _signed(tokens, _without(proper, "exp"))
    yield "a token without a subject", _signed(tokens, _without(proper, "sub"))
    yield "a token whose subject is a number", _signed(tokens, {**proper, "sub": 7})
    yield "a token without a role", _signed(tokens, _without(proper, "role"))
    yield "a foreign key", jwt.encode(proper, foreign, "EdDSA", headers={"kid": KID})
    yield (
        "a key that is not published",
        jwt.encode(proper, foreign, "EdDSA", headers={"kid": "mine"}),
    )
    yield (
        "a key that the token brings along",
        jwt.encode(
            proper,
            foreign,
            "EdDSA",
            headers={"kid": "mine", "jwk": {"kty": "OKP", "crv": "Ed25519"}},
        ),
    )
    yield (
        "a key id that is a path",
        jwt.encode(proper, foreign, "EdDSA", headers={"kid": "../../etc/passwd"}),
    )
    yield "alg none", f"{_part({'alg': 'none', 'kid': KID})}.{payload}."
    yield "alg nOnE", f"{_part({'alg': 'nOnE', 'kid': KID})}.{payload}."
    yield "the public key as a shared secret", _shared_secret(tokens, proper)
    yield "another algorithm's name", f"{_part({'alg': 'HS256', 'kid': KID})}.{payload}.{signature}"
    yield "no signature", f"{head}.{payload}."
    yield "tampered claims", f"{head}.{_part({**proper, 'sub': 'USER#01AMY'})}.{signature}"
    yield "a tampered signature", f"{head}.{payload}.{'A' * len(signature)}"
    yield "claims that are no object", f"{head}.{_part([1])}.{signature}"
    yield "a header that is no object", f"{_part([1])}.{payload}.{signature}"
    yield "a deep header", f"{_encoded(b'[' * 50_000)}.{payload}.{signature}"
    yield "an oversized token", f"{head}.{payload}.{'A' * 200_000}"


def _without(claims: dict[str, Any], name: str) -> dict[str, Any]:
    return {known: value for known, value in claims.items() if known != name}


def _signed(tokens: Tokens, claims: dict[str, Any]) -> str:
    return jwt.encode(claims, tokens.key, "EdDSA", headers={"kid": KID})


def _shared_secret(tokens: Tokens, claims: dict[str, Any]) -> str:
    """Sign by HMAC with the public key, for verifiers that trust `alg`.

    RFC 8725, section 2.1.
    """
    public = tokens.key.public_key().public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw
    )
    return jwt.encode(claims, public, "HS256", headers={"kid": KID})


def _part(content: Any) -> str:
    return _encoded(json.dumps(content).encode())


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
