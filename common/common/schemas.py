"""Bodies and queries as Structs, validated against their types."""

import json
import re
import typing
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Any, ClassVar, TypeVar

import msgspec
from chalice import BadRequestError, ChaliceViewError

MAX_BYTES = 64 * 1024
MAX_NESTING = 20

_MAX_MESSAGE = 300
_MAX_SHOWN = 50
# A string, terminated or not, or an opening or closing bracket. A pattern that required the
# closing quote would be tried again at each quote of an unterminated string.
_NESTING = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[{\]}]', re.DOTALL)
_OWN_FIELD = re.compile(r"([a-z]\w*): ")


class InvalidBody(BadRequestError):
    """The body does not match its schema.

    The message names the field and what was expected.
    """

    description = "The body is not as described; the message names the field."


class BodyTooLarge(ChaliceViewError):
    """The body has more than MAX_BYTES bytes."""

    STATUS_CODE = 413
    description = f"The body has more than {MAX_BYTES // 1024} KB."


class InvalidQuery(BadRequestError):
    """A query parameter is unknown, repeated, or does not match its schema."""

    description = (
        "A query parameter is unknown, repeated or not as described; the message names it."
    )


class Schema(msgspec.Struct, rename="camel", kw_only=True, omit_defaults=True):
    """Base of bodies and queries: camelCase on the wire, None left out.

    Unknown fields of a body are ignored, unknown parameters of a query refused. A query with
    `prefixes = {"attr.": "attributes"}` takes every parameter that begins with `attr.` into its
    field `attributes`, a dict of texts.
    """

    prefixes: ClassVar[Mapping[str, str]] = {}


Shape = TypeVar("Shape", bound=msgspec.Struct)


def parse_body(raw: str | bytes, shape: type[Shape]) -> Shape:
    """Parse a JSON body. An empty one counts as `{}`.

    Raises: InvalidBody, also for JSON that is nested deeper than MAX_NESTING; BodyTooLarge.
    """
    data = raw.encode() if isinstance(raw, str) else raw
    if _depth(data[:MAX_BYTES]) > MAX_NESTING:
        raise InvalidBody(f"the body: expected objects and lists at most {MAX_NESTING} deep")
    if len(data) > MAX_BYTES:
        raise BodyTooLarge(f"the body: expected at most {MAX_BYTES} bytes")
    try:
        body = msgspec.json.decode(data or b"{}", type=shape)
        if _has_decimals(shape):
            _reject_texts(json.loads(data or b"{}"), shape)
        return body
    except msgspec.ValidationError as exc:
        raise InvalidBody(_explain(exc)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise InvalidBody(f"the body is not JSON: {exc}") from None


def reject_unknown_parameters(
    parameters: Mapping[str, Sequence[str]], shape: type[msgspec.Struct] | None
) -> None:
    """Refuse parameters that the query does not know: `?page=2` would show page one.

    `shape` is None where the route has no query. Raises: InvalidQuery.
    """
    known = parameter_names(shape) if shape else []
    prefixes = prefixes_of(shape)
    for name, values in parameters.items():
        if name not in known and _prefix_of(name, prefixes) is None:
            expected = ", ".join((*known, *(f"{prefix}<name>" for prefix in prefixes))) or "none"
            raise InvalidQuery(
                f"{name[:_MAX_SHOWN]}: unknown query parameter; known are: {expected}"
            )
        if len(values) > 1:
            raise InvalidQuery(f"{name}: expected once, not {len(values)} times")


def parse_query(parameters: Mapping[str, Any], shape: type[Shape]) -> Shape:
    """Parse a query string. Raises: InvalidQuery."""
    prefixes = prefixes_of(shape)
    values: dict[str, Any] = {}
    for name, value in parameters.items():
        prefix = _prefix_of(name, prefixes)
        if prefix is None:
            values[name] = value
        else:
            values.setdefault(prefixes[prefix], {})[name.removeprefix(prefix)] = value
    try:
        return msgspec.convert(values, shape, strict=False)
    except msgspec.ValidationError as exc:
        raise InvalidQuery(_explain(exc)) from None


def prefixes_of(shape: type[msgspec.Struct] | None) -> Mapping[str, str]:
    """Return the prefixes of a query's parameters, and the fields that take them."""
    return getattr(shape, "prefixes", {})


def parameter_names(shape: type[msgspec.Struct]) -> list[str]:
    """Return the names of a query's parameters, without those that have a prefix."""
    fields = [field.encode_name for field in msgspec.structs.fields(shape)]
    return [name for name in fields if name not in prefixes_of(shape).values()]


def _prefix_of(name: str, prefixes: Mapping[str, str]) -> str | None:
    """The prefix of a parameter's name, None without one or with nothing behind it."""
    return next((one for one in prefixes if name.startswith(one) and name != one), None)


@cache
def _has_decimals(kind: Any) -> bool:
    return kind is Decimal or any(_has_decimals(part) for part in _parts(kind))


def _parts(kind: Any) -> Iterator[Any]:
    """Yield the types that a type is made of."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield from (field.type for field in msgspec.structs.fields(kind))
    elif typing.get_origin(kind) is not None:
        yield from typing.get_args(kind)


def _reject_texts(value: Any, kind: Any, path: str = "$") -> None:
    """Refuse a string where a decimal number is published: msgspec takes both."""
    if kind is Decimal and isinstance(value, str):
        raise msgspec.ValidationError(f"Expected `number`, got `str` - at `{path}`")
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        for field in msgspec.structs.fields(kind) if isinstance(value, dict) else ():
            if field.encode_name in value:
                name = field.encode_name
                _reject_texts(value[name], field.type, f"{path}.{name}")
    elif typing.get_origin(kind) is list:
        for index, item in enumerate(value if isinstance(value, list) else ()):
            _reject_texts(item, typing.get_args(kind)[0], f"{path}[{index}]")
    elif typing.get_origin(kind) in (typing.Union, UnionType, typing.Annotated):
        for part in typing.get_args(kind):
            _reject_texts(value, part, path)


def _depth(raw: bytes) -> int:
    """How deeply objects and lists are nested. Whether it is JSON is not checked."""
    deepest = depth = 0
    for match in _NESTING.finditer(raw):
        depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(match[0], 0)
        deepest = max(deepest, depth)
    return deepest


def _explain(exc: msgspec.ValidationError) -> str:
    """Format msgspec's message so that the field comes first.

    "Expected `int`, got `str` - at `$.qty`" becomes "qty: expected `int`, got `str`".
    """
    message, _, path = str(exc).partition(" - at `$")
    field = path.rstrip("`").lstrip(".")
    if missing := re.fullmatch(r"Object missing required field `(\w+)`", message):
        field = ".".join(part for part in (field, missing[1]) if part)
        message = "this field is required"
    message = message[:1].lower() + message[1:]
    if field and (own := _OWN_FIELD.match(message)):  # what a Struct's own check says of its field
        field, message = f"{field}.{own[1]}", message[own.end() :]
    if len(message) > _MAX_MESSAGE:  # it quotes what the client sent
        message = f"{message[:_MAX_MESSAGE]}..."
    return f"{field}: {message}" if field else message
