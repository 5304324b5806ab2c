"""Who is calling, and what they may do: from the access token alone.

user-service signs the tokens; everybody else knows only the public keys, published in SSM Parameter Store.
"""

import json
import os
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from chalice import Chalice, ForbiddenError
from chalice.app import AuthRequest, AuthResponse, ChaliceAuthorizer

from common import aws, ids, lazy_imports, log, metrics, redaction
from common.cached import Cached

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
    return _keys.get(max_age=REFETCH_SECONDS).jwks


def _refusal() -> AuthResponse:
    """Refuse with 401 where API Gateway asks; `chalice local` and its test client know only 403."""
    if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        log.emit_metric("refused", {metrics.REFUSALS: 1}, function=log.function())
        # API Gateway answers 401 to exactly this word, and 403 to a policy that denies:
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
        raise Exception("Unauthorized")
    return AuthResponse(routes=[], principal_id="nobody")


@dataclass(frozen=True)
class _PublicKeys:
    """What SSM holds: the JSON Web Key Set, and its keys by `kid`."""

    jwks: dict[str, Any]
    by_id: "dict[str, jwt.PyJWK]"


def _fetch_keys() -> _PublicKeys:
    answer = aws.client("ssm", seconds=_SSM_SECONDS).get_parameter(Name=KEYS_PARAMETER)
    jwks = json.loads(answer["Parameter"]["Value"])
    by_id = {key["kid"]: jwt.PyJWK(key, algorithm="EdDSA") for key in jwks["keys"]}
    return _PublicKeys(jwks, by_id)


_keys = Cached(
    _fetch_keys,
    _FRESH_SECONDS,
    outages=(BotoCoreError, ClientError),
    retry_seconds=REFETCH_SECONDS,
)


def clear_keys() -> None:
    """Fetch the public keys again at the next token."""
    _keys.clear()


def _public_key(kid: str) -> "jwt.PyJWK":
    keys = _keys.get()
    if kid not in keys.by_id:
        keys = _keys.get(max_age=REFETCH_SECONDS)
    if kid not in keys.by_id:
        raise jwt.InvalidTokenError("signed with a key that is not published")
    return keys.by_id[kid]
