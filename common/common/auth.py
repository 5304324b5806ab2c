"""Who is calling, and what they may do: from the access token alone.

user-service signs the tokens; everybody else knows only the public keys, published in SSM Parameter Store.
"""

import json
import os
import threading
import time
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from chalice import Chalice, ForbiddenError
from chalice.app import AuthRequest, AuthResponse, ChaliceAuthorizer

from common import aws, ids, lazy_imports, log, metrics, redaction

# Nobody else verifies: a route goes by what API Gateway heard from the authorizer.
with lazy_imports.until_first_use(unless=lazy_imports.AUTHORIZER):
    import jwt

ISSUER = "commerce-user-service"
AUDIENCE = "commerce"
KEYS_PARAMETER = "/commerce/auth/jwks"
ADMIN = "admin"
CUSTOMER = "customer"

_FRESH_SECONDS = 300  # a withdrawn key stops working this long after its withdrawal
REFETCH_SECONDS = 5  # a made-up key id must not turn every request into a call to SSM
_SSM_SECONDS = (
    2  # twice that, and there is still time to go on with the keys at hand: an authorizer has 10 s
)


class AdminOnly(ForbiddenError):
    """Only an admin may do this."""


class NotYours(ForbiddenError):
    """A customer acts for nobody but themself."""


@dataclass(frozen=True)
class Caller:
    """Who the access token says is calling, and in which session; without one where no session began it."""

    user_id: str
    role: str
    email: str
    session_id: str = ""

    @property
    def is_admin(self) -> bool:
        """Whether the caller runs the shop."""
        return self.role == ADMIN


def jwt_authorizer(app: Chalice) -> ChaliceAuthorizer:
    """The app's authorizer: bearer tokens of user-service. Bind it to the name `authorizer` in app.py."""

    def authorizer(request: AuthRequest) -> AuthResponse:
        log.logger.append_keys(service=app.app_name)  # Chalice has no middleware before authorizers
        log.correlate(None)
        log.record_cold_start()
        try:
            claims = verify(request.token)
        except jwt.InvalidTokenError:
            return _refusal()
        context = {"userId": claims["sub"], "role": claims["role"], "email": claims["email"]}
        context["sessionId"] = claims.get("sid", "")
        context["customer"] = redaction.customer(claims["sub"])  # for the access log
        return AuthResponse(routes=["*"], principal_id=claims["sub"], context=context)

    return app.authorizer(name="authorizer", ttl_seconds=60)(authorizer)


def verify(header: str) -> dict[str, Any]:
    """The claims of an `Authorization: Bearer ...` header; jwt.InvalidTokenError if they are not to be believed."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        raise jwt.InvalidTokenError("expected Authorization: Bearer <token>")
    key = _public_key(str(jwt.get_unverified_header(token).get("kid")))
    claims: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=["EdDSA"],
        audience=AUDIENCE,
        issuer=ISSUER,
        options={"require": ["exp", "iat", "sub", "role", "email"]},
    )
    texts = (claims["sub"], claims["email"], claims.get("sid", ""))
    if (
        claims["role"] not in (ADMIN, CUSTOMER)
        or not all(isinstance(text, str) for text in texts)
        or not claims["sub"]
    ):
        raise jwt.InvalidTokenError("claims that user-service never signs")
    return claims


def caller(app: Chalice) -> Caller:
    """Whose token the current request carries; only for routes with the authorizer."""
    request = app.current_request
    assert request is not None, "only a route has a caller"
    context = request.context["authorizer"]
    return Caller(
        context["userId"], context["role"], context["email"], context.get("sessionId", "")
    )


def require_admin(who: Caller) -> None:
    """AdminOnly unless the caller is an admin."""
    if not who.is_admin:
        raise AdminOnly("this is for admins only")


def acting_for(who: Caller, user_id: str | None) -> str:
    """The user whose things are meant: the caller, or for an admin anybody; NotYours otherwise."""
    if user_id is None:
        return who.user_id
    wanted = ids.parse("USER", user_id)
    if wanted != who.user_id and not who.is_admin:
        raise NotYours("userId: expected your own, or none")
    return wanted


def published_keys() -> dict[str, Any]:
    """The public keys as a JSON Web Key Set (RFC 7517), for verifiers outside the shop; a few seconds old at most."""
    return _cache.published()


def _refusal() -> AuthResponse:
    """Refuse with 401 where API Gateway asks; `chalice local` and its test client know only 403."""
    if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        log.emit_metric("refused", {metrics.REFUSALS: 1}, function=log.function())
        # API Gateway answers 401 to exactly this word, and 403 to a policy that denies:
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
        raise Exception("Unauthorized")
    return AuthResponse(routes=[], principal_id="nobody")


class _KeyCache:
    """The published public keys, for a while."""

    def __init__(self) -> None:
        self.keys: dict[str, jwt.PyJWK] = {}
        self.jwks: dict[str, Any] = {"keys": []}
        self.fetched = self.tried = float("-inf")
        self.lock = threading.Lock()

    def published(self) -> dict[str, Any]:
        with self.lock:
            if self._may_try():
                self.fetch()
            return self.jwks

    def find(self, kid: str) -> "jwt.PyJWK | None":
        with self.lock:
            is_old = time.monotonic() - self.fetched > _FRESH_SECONDS
            if (is_old or kid not in self.keys) and self._may_try():
                self.fetch()
            return self.keys.get(kid)

    def _may_try(self) -> bool:
        return time.monotonic() - self.tried > REFETCH_SECONDS

    def fetch(self) -> None:
        """Without any keys at hand a failure is one of the request, and the next request tries again."""
        try:
            found = aws.client("ssm", seconds=_SSM_SECONDS).get_parameter(Name=KEYS_PARAMETER)
        except (BotoCoreError, ClientError):
            if not self.keys:
                raise
            self.tried = time.monotonic()
            log.logger.exception("public keys not fetched; going on with those at hand")
            return
        self.fetched = self.tried = time.monotonic()
        self.jwks = json.loads(found["Parameter"]["Value"])
        self.keys = {key["kid"]: jwt.PyJWK(key, algorithm="EdDSA") for key in self.jwks["keys"]}


_cache = _KeyCache()


def forget_keys() -> None:
    """Fetch the public keys anew at the next token."""
    _cache.keys, _cache.jwks = {}, {"keys": []}
    _cache.fetched = _cache.tried = float("-inf")


def _public_key(kid: str) -> "jwt.PyJWK":
    key = _cache.find(kid)
    if key is None:
        raise jwt.InvalidTokenError("signed with a key that is not published")
    return key
