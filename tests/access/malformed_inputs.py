"""Malformed and hostile ids, queries and bodies, derived from valid ones."""

import copy
import json
from collections.abc import Iterator
from typing import Any

from common import pages, schemas

Path = tuple[Any, ...]
HUGE = 10**30
LONG = "x" * 3000
MAXIMAL = "x" * (schemas.MAX_BYTES - 2000)  # a body may have as much
MANY = 1000

IDS = {
    "an id of another kind": "USER#01AMY",
    "nothing behind the prefix": "PROD#",
    "a negative number": "-1",
    "a quotation mark": "' OR '1'='1",
    "a path upwards": "../../user/profile",
    "a null byte": "PROD#\x00",
    "a long id": LONG,
    "a smile": "PROD#😀",
    "letters that look like others": "PROD#０１ＢＯＷＬ",
    "a line break": "PROD#1\r\nSet-Cookie: a=b",
    "an expression": "${jndi:ldap://x}{{7*7}}",
}

# Fields that a client might inject. None of these values may be stored or returned.
UNKNOWN_FIELDS = {
    "price": 0.07,
    "priceMinor": 7777777,
    "totalAmount": 0.07,
    "totalMinor": 7777777,
    "lineTotal": 0.07,
    "amount": 7777777,
    "userId": "USER#01WISHED",
    "ownerId": "USER#01WISHED",
    "role": "INJECTED",
    "isAdmin": "INJECTED",
    "status": "INJECTED",
    "emailVerified": "INJECTED",
    "emailVerifiedAt": "INJECTED",
    "sessionEpoch": 7777777,
    "paymentId": "PAY#INJECTED",
    "availableStock": 7777777,
    "__proto__": {"role": "INJECTED"},
}
INJECTED = ("INJECTED", "7777777", "0.07")

ADDRESSES = {
    "a Cyrillic letter": "jimmy@ex\u0430mple.com",
    "fullwidth letters": "\uff4aimmy@example.com",
    "an invisible space": "jimmy\u200b@example.com",
    "a combining accent": "jimmy\u0301@example.com",
    "text from right to left": "\u202ejimmy@example.com",
    "another header": "jimmy@example.com\r\nBcc: amy@example.com",
    "two addresses": "jimmy@example.com,amy@example.com",
    "a null byte": "jimmy@example.com\x00",
    "a dotless i": "j\u0131mmy@example.com",
    "a long s": "jimmy@example.com".replace("s", "\u017f") + "\u017f",
}


def broken_bodies() -> Iterator[tuple[str, bytes, int]]:
    """A name, a body that is broken in this way, and the status of its response."""
    yield "broken JSON", b'{"a": ', 400
    yield "no UTF-8", b"\xff\xfe", 400
    yield (
        "half a surrogate",
        b'{"productId": "\\ud800", "name": "\\ud800", "email": "\\ud800"}',
        400,
    )
    yield "not a number", b'{"a": NaN}', 400
    yield "a list", b"[]", 400
    yield "a text", b'"hello"', 400
    yield "null", b"null", 400
    yield "deep JSON", b'{"a":' + b"[" * 30_000, 400
    yield "deep JSON that is whole", b'{"a":' + b"[" * 100 + b"]" * 100 + b"}", 400
    yield "a text without an end", b'"' + b'\\"' * (schemas.MAX_BYTES // 2 - 1), 400
    yield "too large", json.dumps({"a": "x" * schemas.MAX_BYTES}).encode(), 413


SIGNED = ("change",)  # numbers that may be below zero


def wrong_values(body: Any) -> Iterator[tuple[str, Any, bool]]:
    """A name, the body with one value changed, and whether it must be rejected."""
    for path, value in leaves(body):
        name = ".".join(map(str, path))
        yield f"{name} is an object", replace(body, path, {"a": 1}), True
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{name} is negative", replace(body, path, -1), name not in SIGNED
            yield f"{name} is huge", replace(body, path, HUGE), True
            yield f"{name} is zero", replace(body, path, 0), False
            yield f"{name} is a tiny fraction", replace(body, path, 1e-9), True
            yield f"{name} is a text", replace(body, path, "many"), True
        elif isinstance(value, str):
            yield f"{name} is a number", replace(body, path, 7), True
            yield f"{name} is maximal", replace(body, path, MAXIMAL), True
            for what, text in (
                ("empty", ""),
                ("long", LONG),
                ("a null byte", "\x00"),
                ("a smile", "😀"),
            ):
                yield f"{name} is {what}", replace(body, path, text), False
            yield (
                f"{name} is a script",
                replace(body, path, "<script>alert(1)</script>"),
                False,
            )
    for path, entries in lists(body):
        name = ".".join(map(str, path))
        yield f"{name} has a thousand entries", replace(body, path, entries * MANY), True
        yield f"{name} has none", replace(body, path, []), True
        yield f"{name} has every entry twice", replace(body, path, entries * 2), False


def leaves(body: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Each value of a body that is neither object nor list, with its path."""
    if isinstance(body, dict | list):
        for key, value in body.items() if isinstance(body, dict) else enumerate(body):
            yield from leaves(value, (*path, key))
    else:
        yield path, body


def lists(body: Any, path: Path = ()) -> Iterator[tuple[Path, list[Any]]]:
    """Each list of a body, with its path."""
    if isinstance(body, list):
        yield path, body
    for key, value in body.items() if isinstance(body, dict) else ():
        yield from lists(value, (*path, key))


def replace(body: Any, path: Path, value: Any) -> Any:
    """A copy of the body with another value at this path."""
    changed = copy.deepcopy(body)
    parent = changed
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = value
    return changed


def queries(name: str) -> Iterator[tuple[str, str]]:
    """Values for a parameter of a query string."""
    yield "empty", ""
    yield "negative", "-1"
    yield "zero", "0"
    yield "huge", str(HUGE)
    yield "infinite", "inf"
    yield "not a number", "nan"
    yield "a word", "many"
    yield "long", LONG
    yield "a null byte", "\x00"
    yield "a smile", "😀"
    yield "a quotation mark", "' OR '1'='1"
    if name == "cursor":
        for what, key in CURSORS.items():
            yield what, pages.encode_cursor(key) or ""


CURSORS: dict[str, dict[str, Any]] = {
    "into another customer's data": {
        "userId": {"S": "USER#01AMY"},
        "orderId": {"S": "ORDER#01AMYS"},
        "createdAt": {"S": "2026"},
        "productId": {"S": "PROD#01BOWL"},
    },
    "of wrong types": {"userId": {"N": "x"}, "productId": {"BOOL": "1"}, "eventId": {"B": "é"}},
    "without keys": {"": {"S": ""}},
    "with one key": {"productId": {"S": LONG}},
}
