"""Requests that nobody means well: ids, queries, bodies and headers, made from ones that are granted."""

import copy
import json
from collections.abc import Iterator
from typing import Any

from common import pages, schemas

Path = tuple[Any, ...]
HUGE = 10**30
LONG = "x" * 3000
ENDLESS = "x" * (schemas.MAX_BYTES - 2000)  # as much as a body takes
MANY = 1000

IDS = {
    "another kind of thing": "USER#01AMY",
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

# What a client might hope that the shop believes. None of these values may be found anywhere afterwards.
WISHES = {
    "price": 0.07,
    "priceMinor": 7777777,
    "totalAmount": 0.07,
    "totalMinor": 7777777,
    "lineTotal": 0.07,
    "amount": 7777777,
    "userId": "USER#01WISHED",
    "ownerId": "USER#01WISHED",
    "role": "WISHED",
    "isAdmin": "WISHED",
    "status": "WISHED",
    "emailVerified": "WISHED",
    "emailVerifiedAt": "WISHED",
    "sessionEpoch": 7777777,
    "paymentId": "PAY#WISHED",
    "availableStock": 7777777,
    "__proto__": {"role": "WISHED"},
}
WISHED = ("WISHED", "7777777", "0.07")

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
    """What is wrong with a body, the body, and the status that it gets wherever a body is read."""
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


def wrong_values(body: Any) -> Iterator[tuple[str, Any, bool]]:
    """What is wrong, the body with that wrong, and whether it must be refused; otherwise it may also be harmless."""
    for path, value in leaves(body):
        name = ".".join(map(str, path))
        yield f"{name} is an object", replaced(body, path, {"a": 1}), True
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{name} is negative", replaced(body, path, -1), True
            yield f"{name} is huge", replaced(body, path, HUGE), True
            yield f"{name} is zero", replaced(body, path, 0), False
            yield f"{name} is a tiny fraction", replaced(body, path, 1e-9), True
            yield f"{name} is a text", replaced(body, path, "many"), True
        elif isinstance(value, str):
            yield f"{name} is a number", replaced(body, path, 7), True
            yield f"{name} is endless", replaced(body, path, ENDLESS), True
            for what, text in (
                ("empty", ""),
                ("long", LONG),
                ("a null byte", "\x00"),
                ("a smile", "😀"),
            ):
                yield f"{name} is {what}", replaced(body, path, text), False
            yield (
                f"{name} is somebody's script",
                replaced(body, path, "<script>alert(1)</script>"),
                False,
            )
    for path, entries in lists(body):
        name = ".".join(map(str, path))
        yield f"{name} has a thousand entries", replaced(body, path, entries * MANY), True
        yield f"{name} has none", replaced(body, path, []), True
        yield f"{name} has every entry twice", replaced(body, path, entries * 2), False


def leaves(body: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Each value of a body that is neither object nor list, and where it stands."""
    if isinstance(body, dict | list):
        for key, value in body.items() if isinstance(body, dict) else enumerate(body):
            yield from leaves(value, (*path, key))
    else:
        yield path, body


def lists(body: Any, path: Path = ()) -> Iterator[tuple[Path, list[Any]]]:
    """Each list of a body, and where it stands."""
    if isinstance(body, list):
        yield path, body
    for key, value in body.items() if isinstance(body, dict) else ():
        yield from lists(value, (*path, key))


def replaced(body: Any, path: Path, value: Any) -> Any:
    """The body with another value there."""
    changed = copy.deepcopy(body)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
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
    "into somebody else's things": {
        "userId": {"S": "USER#01AMY"},
        "orderId": {"S": "ORDER#01AMYS"},
        "createdAt": {"S": "2026"},
        "productId": {"S": "PROD#01BOWL"},
    },
    "of wrong types": {"userId": {"N": "x"}, "productId": {"BOOL": "1"}, "eventId": {"B": "é"}},
    "of nothing": {"": {"S": ""}},
    "of one thing": {"productId": {"S": LONG}},
}
