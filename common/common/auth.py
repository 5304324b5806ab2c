"""Authentication and authorization, by the access token alone.

user-service signs the tokens; all services verify them with the public keys in SSM.
"""

import json
import os
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from chalice import Chalice, ForbiddenError, UnauthorizedError
from chalice.app import AuthRequest, AuthResponse, ChaliceAuthorizer, Request

from common import acts, aws, ids, lazy_imports, log, metrics, redaction
from common.cached import Cached
from common.retry import RetryPolicy
from common.roles import Role, Scope, roles_with, scopes_of

# Only the authorizer verifies tokens: routes read its result from API Gateway's context.
with lazy_imports.until_first_use(unless=lazy_imports.AUTHORIZER):
    import jwt

ISSUER = "commerce-user-service"
AUDIENCE = "commerce"
KEYS_PARAMETER = "/commerce/auth/jwks"

CACHE_SECONDS = 60  # API Gateway lets a token in for as long after the authorizer did
_FRESH_SECONDS = 300  # a revoked key is accepted this long
REFETCH_SECONDS = 5  # unknown key ids must not cause a call to SSM for every request
_SSM_SECONDS = 2  # with one retry, time is left to use the cached keys: an authorizer has 10 s
# SSM takes 40 requests a second, and a burst of customers starts more authorizers. With botocore's
# own pauses the last attempt is made within 6 s.
_THROTTLED = RetryPolicy(tries=4, pause_seconds=0.3, max_pause_seconds=1)


class InsufficientScope(ForbiddenError):
    """The caller's role has not the scope that the request needs."""

    description = "Your role has not the scope that this needs; the message names it."


class InvalidToken(UnauthorizedError):
    """A request of a public route needs an access token, and has no valid one."""

    description = "There is no access token, or it is invalid or expired, and this needs one."


class NotYours(ForbiddenError):
    """A customer named somebody else's user id."""

    description = "`userId` is somebody else's."


@dataclass(frozen=True)
class Caller:
    """The subject of an access token. `session_id` is empty if no session issued it."""

    user_id: str
    role: str
    email: str
    session_id: str = ""
    scopes: frozenset[Scope] = frozenset()

    def may(self, scope: Scope) -> bool:
        """Whether the caller has the scope."""
        return scope in self.scopes


def jwt_authorizer(app: Chalice) -> ChaliceAuthorizer:
    """Create the app's authorizer, which app.py must bind to the name `authorizer`."""

    def authorizer(request: AuthRequest) -> AuthResponse:
        log.logger.append_keys(service=app.app_name)  # Chalice has no middleware before authorizers
        log.correlate(None)
        log.record_cold_start()
        try:
            claims = verify(request.token)
        except jwt.InvalidTokenError:
            return _refuse()
        context = {"userId": claims["sub"], "role": claims["role"], "email": claims["email"]}
        context["sessionId"] = claims.get("sid", "")
        context["scopes"] = " ".join(sorted(scopes_of(claims["role"], claims.get("scopes"))))
        context["customer"] = redaction.customer(claims["sub"])  # for the access log
        return AuthResponse(routes=["*"], principal_id=claims["sub"], context=context)

    wrapped: ChaliceAuthorizer = app.authorizer(name="authorizer", ttl_seconds=CACHE_SECONDS)(
        authorizer
    )
    return wrapped


def verify(header: str) -> dict[str, Any]:
    """Verify an `Authorization` header and return its claims.

    Raises: jwt.InvalidTokenError.
    """
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
        claims["role"] not in list(Role)
        or not _are_scopes(claims.get("scopes", []))
        or not all(isinstance(text, str) for text in texts)
        or not claims["sub"]
    ):
        raise jwt.InvalidTokenError("unexpected claims")
    return claims


def verify_caller(header: str) -> Caller:
    """Return the subject of an `Authorization` header that no authorizer has verified.

    Raises: InvalidToken.
    """
    try:
        claims = verify(header)
    except jwt.InvalidTokenError:
        raise InvalidToken("Authorization: expected Bearer and an access token") from None
    return Caller(
        user_id=claims["sub"],
        role=claims["role"],
        email=claims["email"],
        session_id=claims.get("sid", ""),
        scopes=scopes_of(claims["role"], claims.get("scopes")),
    )


def caller(app: Chalice) -> Caller:
    """Read the caller of the current request. Only for routes with the authorizer."""
    assert app.current_request is not None, "only a route has a caller"
    return read_caller(app.current_request)


def read_caller(request: Request) -> Caller:
    """Read the caller of a request. Only for routes with the authorizer."""
    context = request.context["authorizer"]
    granted = context.get("scopes")  # an authorizer of an older release names none
    return Caller(
        user_id=context["userId"],
        role=context["role"],
        email=context["email"],
        session_id=context.get("sessionId", ""),
        scopes=scopes_of(context["role"], None if granted is None else granted.split()),
    )


def require_scope(caller: Caller, scope: Scope) -> None:
    """Require that the caller has the scope. What is written from here on is traced.

    Raises: InsufficientScope.
    """
    if not caller.may(scope):
        roles = " or ".join(roles_with(scope))
        raise InsufficientScope(f"this needs the scope {scope}, which the role {roles} has")
    acts.open_act(caller.user_id, caller.role, scope)


def acting_for(caller: Caller, user_id: str | None, scope: Scope) -> str:
    """Return the user of a request: the caller, or with the scope the one named.

    Raises: NotYours; InvalidId.
    """
    if user_id is None:
        return caller.user_id
    named = ids.parse("USER", user_id)
    if named != caller.user_id and not caller.may(scope):
        raise NotYours(f"userId: expected your own, or none; others need the scope {scope}")
    if named != caller.user_id:
        acts.open_act(caller.user_id, caller.role, scope)
    return named


def published_keys() -> dict[str, Any]:
    """Return the public keys as a JSON Web Key Set (RFC 7517), at most 5 s old."""
    return _get_keys(REFETCH_SECONDS).jwks


def _are_scopes(claim: Any) -> bool:
    return isinstance(claim, list) and all(isinstance(scope, str) for scope in claim)


def _refuse() -> AuthResponse:
    """Reject with 401 in API Gateway.

    `chalice local` and its test client can only answer 403.
    """
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


def _get_keys(max_age: float | None = None) -> _PublicKeys:
    """Return the keys. While SSM throttles, known ones, or retry for the first."""
    throttled: ClientError | None = None
    for _ in _THROTTLED.attempts():
        try:
            return _keys.get(max_age)
        except ClientError as exc:
            if exc.response["Error"]["Code"] != "ThrottlingException":
                raise
            throttled = exc
    assert throttled is not None, "a policy has at least one attempt"
    raise throttled


def clear_keys() -> None:
    """Fetch the public keys again at the next token."""
    _keys.clear()


def _public_key(kid: str) -> "jwt.PyJWK":
    keys = _get_keys()
    if kid not in keys.by_id:
        keys = _get_keys(REFETCH_SECONDS)
    if kid not in keys.by_id:
        raise jwt.InvalidTokenError("signed with a key that is not published")
    return keys.by_id[kid]
