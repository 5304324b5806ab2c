"""Access tokens for tests, signed with a key of this run."""

import json
import time
from dataclasses import dataclass
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from common import auth, aws

KID = "test-key"
JIMMY = "USER#01JIMMY"
AMY = "USER#01AMY"
ADMIN = "USER#01ADMIN"


@dataclass(frozen=True)
class Tokens:
    """Signs tokens for anybody."""

    key: Ed25519PrivateKey

    @classmethod
    def published(cls) -> "Tokens":
        """Create a signer whose public key is published in SSM."""
        key = _key()
        public = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
        jwks = {"keys": [{**public, "kid": KID, "alg": "EdDSA", "use": "sig"}]}
        aws.client("ssm").put_parameter(
            Name=auth.KEYS_PARAMETER, Value=json.dumps(jwks), Type="String", Overwrite=True
        )
        return cls(key)

    def customer(self, user_id: str = JIMMY, email: str = "jimmy@example.com") -> str:
        """Sign a customer's token."""
        return self.sign(sub=user_id, email=email, role=auth.CUSTOMER)

    def admin(self, user_id: str = ADMIN, email: str = "admin@example.com") -> str:
        """Sign an admin's token."""
        return self.sign(sub=user_id, email=email, role=auth.ADMIN)

    def sign(self, **claims: Any) -> str:
        """Sign a token with these claims and the usual ones."""
        now = int(time.time())
        proper = {"iss": auth.ISSUER, "aud": auth.AUDIENCE, "iat": now, "exp": now + 900}
        return jwt.encode({**proper, **claims}, self.key, algorithm="EdDSA", headers={"kid": KID})


@cache
def _key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()
