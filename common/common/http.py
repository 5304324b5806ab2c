"""The former way to declare routes, until every service uses common.api."""

from collections.abc import Sequence
from typing import Any

from chalice import Chalice, Response

from common.api import InvalidIdempotencyKey, _read_key, _retry_after, create_app
from common.pages import InvalidCursor, decode_cursor, encode_cursor
from common.schemas import (
    MAX_BYTES,
    BodyTooLarge,
    InvalidBody,
    InvalidQuery,
    Schema,
    Shape,
    _depth,
    parse_body,
    parse_query,
)

MOST_BYTES = MAX_BYTES
Body = Schema
__all__ = [
    "BodyTooLarge",
    "InvalidBody",
    "InvalidCursor",
    "InvalidIdempotencyKey",
    "InvalidQuery",
    "_depth",
    "create_app",
    "decode_cursor",
    "encode_cursor",
]


def body(app: Chalice, shape: type[Shape]) -> Shape:
    """Parse the request's JSON body."""
    assert app.current_request
    return parse_body(app.current_request.raw_body, shape)


def query(app: Chalice, shape: type[Shape]) -> Shape:
    """Parse the query string."""
    assert app.current_request
    return parse_query(app.current_request.query_params or {}, shape)


def retry_after(seconds: int) -> None:
    """Set the header Retry-After of a refusal."""
    _retry_after.set(seconds)


def idempotency_key(app: Chalice) -> str | None:
    """The client's Idempotency-Key, if it sent one."""
    assert app.current_request
    return _read_key(app.current_request)


def created(answer: Any) -> Response:
    """201 with this body."""
    return Response(body=answer, status_code=201)


def accepted(answer: Any) -> Response:
    """202 with this body."""
    return Response(body=answer, status_code=202)


def page(items: Sequence[Any], cursor: str | None) -> Response:
    """One page of a list."""
    return Response(body=items, headers={"X-Next-Cursor": cursor} if cursor else {})
