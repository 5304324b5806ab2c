"""HTTP at the edge: the app, bodies and queries checked against their schema, answers, pages, idempotency keys."""

import base64
import binascii
import json
import re
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any, TypeVar

import msgspec
from chalice import BadRequestError, Chalice, ChaliceViewError, Response
from chalice.app import Request

from common import log, security_headers

MOST_BYTES = 64 * 1024
MOST_NESTING = 20

_MOST_SAID = 300
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,128}")
# A text, ended or not, or what opens or closes. One that must end would be looked for anew at each quote in a text that does not.
_NESTING = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[{\]}]', re.DOTALL)
_retry_after: ContextVar[int | None] = ContextVar("retry_after", default=None)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class InvalidBody(BadRequestError):
    """The body is not what the route takes; the message names the field and what was expected."""


class BodyTooLarge(ChaliceViewError):
    """The body has more than MOST_BYTES bytes, whatever it says."""

    STATUS_CODE = 413


class InvalidQuery(BadRequestError):
    """A parameter of the query string is not what the route takes."""


class InvalidCursor(BadRequestError):
    """The cursor is not one that this shop gave out."""


class InvalidIdempotencyKey(BadRequestError):
    """The Idempotency-Key header is empty, too long, or not plain ASCII."""


class Body(msgspec.Struct, rename="camel", kw_only=True, omit_defaults=True):
    """What goes over the wire: snake_case here, camelCase there; unknown fields are ignored, absent ones left out."""


Shape = TypeVar("Shape", bound=msgspec.Struct)


def create_app(name: str, headers: Sequence[str] = ()) -> Chalice:
    """A service's Chalice app: CORS on every route, the headers of every answer, logging, and answers given as Structs.

    `headers` are those of its own that a browser may send besides the shop's.
    """
    app = Chalice(app_name=name, configure_logs=False)
    app.api.cors = security_headers.cors(tuple(headers)) or False
    app.log = log.logger  # type: ignore[assignment]  # what Chalice logs by itself is a JSON line, too
    log.instrument(app)

    @app.middleware("http")
    def as_json(event: Any, get_response: Any) -> Response:
        _retry_after.set(None)
        response = get_response(event)
        log.bind_context(response.body)
        if (seconds := _retry_after.get()) is not None and response.status_code >= 400:
            response.headers["Retry-After"] = str(seconds)
        security_headers.finish(response, event.headers)
        if not isinstance(response.body, str | bytes):
            response.body = _ENCODER.encode(response.body).decode()
            response.headers.setdefault("Content-Type", "application/json")
        return response

    return app


def body(app: Chalice, shape: type[Shape]) -> Shape:
    """The request's JSON body in the given shape; InvalidBody says which field is wrong and what was expected.

    BodyTooLarge above MOST_BYTES; nothing is nested deeper than MOST_NESTING, unknown fields included.
    """
    given = _request(app).raw_body
    raw = given.encode() if isinstance(given, str) else given
    if _depth(raw[:MOST_BYTES]) > MOST_NESTING:
        raise InvalidBody(f"the body: expected objects and lists at most {MOST_NESTING} deep")
    if len(raw) > MOST_BYTES:
        raise BodyTooLarge(f"the body: expected at most {MOST_BYTES} bytes")
    try:
        return msgspec.json.decode(raw or b"{}", type=shape)
    except msgspec.ValidationError as problem:
        raise InvalidBody(_explain(problem)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise InvalidBody(f"the body is not JSON: {problem}") from None


def retry_after(seconds: int) -> None:
    """Tell whoever is refused now in how many seconds to come again: an error of Chalice's carries no headers itself."""
    _retry_after.set(seconds)


def query(app: Chalice, shape: type[Shape]) -> Shape:
    """The query string in the given shape; InvalidQuery says which parameter is wrong and what was expected."""
    try:
        return msgspec.convert(dict(_request(app).query_params or {}), shape, strict=False)
    except msgspec.ValidationError as problem:
        raise InvalidQuery(_explain(problem)) from None


def idempotency_key(app: Chalice) -> str | None:
    """The client's Idempotency-Key, if it sent one: 1 to 128 visible ASCII characters."""
    key = _request(app).headers.get("Idempotency-Key")
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        raise InvalidIdempotencyKey("Idempotency-Key: expected 1 to 128 visible ASCII characters")
    return key


def created(answer: Any) -> Response:
    """201 with this body."""
    return Response(body=answer, status_code=201)


def accepted(answer: Any) -> Response:
    """202 with this body: taken on, and going on."""
    return Response(body=answer, status_code=202)


def page(items: Sequence[Any], cursor: str | None) -> Response:
    """One page of a list, and where the next one starts in X-Next-Cursor."""
    return Response(body=items, headers={"X-Next-Cursor": cursor} if cursor else {})


def encode_cursor(key: dict[str, Any] | None) -> str | None:
    """DynamoDB's last evaluated key as a text that a client hands back; None at the end of the list."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode() if key else None


def decode_cursor(text: str | None) -> dict[str, Any] | None:
    """The key behind a cursor; InvalidCursor if it is none."""
    if not text:
        return None
    try:
        key = json.loads(base64.urlsafe_b64decode(text.encode()))
    except (ValueError, binascii.Error, RecursionError):
        key = None
    if not isinstance(key, dict) or not all(_is_attribute(value) for value in key.values()):
        raise InvalidCursor("cursor: expected the X-Next-Cursor of an earlier page")
    return key


def _is_attribute(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and len(value) == 1
        and all(isinstance(v, str) for v in value.values())
    )


def _depth(raw: bytes) -> int:
    """How deep objects and lists stand in each other, as JSON; whether it is JSON is not looked at."""
    deepest = depth = 0
    for found in _NESTING.finditer(raw):
        depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(found[0], 0)
        deepest = max(deepest, depth)
    return deepest


def _request(app: Chalice) -> Request:
    request = app.current_request
    assert request is not None, "only a route has a request"
    return request


def _explain(problem: msgspec.ValidationError) -> str:
    """Turn "Expected `int`, got `str` - at `$.qty`" into "qty: expected `int`, got `str`"."""
    message, _, path = str(problem).partition(" - at `$")
    field = path.rstrip("`").lstrip(".")
    if missing := re.fullmatch(r"Object missing required field `(\w+)`", message):
        field = ".".join(part for part in (field, missing[1]) if part)
        message = "this field is required"
    message = message[:1].lower() + message[1:]
    if len(message) > _MOST_SAID:  # it quotes what the client sent
        message = f"{message[:_MOST_SAID]}..."
    return f"{field}: {message}" if field else message
