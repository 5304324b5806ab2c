"""Ids of everything in the shop: a prefix, `#`, and a ULID, such as `ORDER#01JAB...`.

A ULID is a time and a random number in an alphabet that sorts: https://github.com/ulid/spec
"""

import hashlib
import os
import re
import time
from urllib.parse import unquote

from chalice import BadRequestError

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TIME_BYTES, _RANDOM_BYTES = 6, 10
_MOST_SHOWN = 80
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,63}")


class InvalidId(BadRequestError):
    """A text is not an id of the expected kind."""

    description = "The id in the path or in the body is not of the form `PREFIX#...`."


def new(prefix: str) -> str:
    """A fresh id; later ones sort after earlier ones."""
    milliseconds = time.time_ns() // 1_000_000
    return f"{prefix}#{_ulid(milliseconds.to_bytes(_TIME_BYTES) + os.urandom(_RANDOM_BYTES))}"


def deterministic(prefix: str, *parts: object) -> str:
    """The id that these parts always have: what makes a repeated write land on the same row."""
    text = "\x1f".join(str(part) for part in parts)
    return (
        f"{prefix}#{_ulid(hashlib.sha256(text.encode()).digest()[: _TIME_BYTES + _RANDOM_BYTES])}"
    )


def parse(prefix: str, text: str) -> str:
    """The id in its one spelling; takes it percent-encoded or without its prefix, too.

    Raises InvalidId if the text cannot be an id of this kind.
    """
    plain = unquote(text).strip()
    bare = plain.removeprefix(f"{prefix}#")
    if not _ID.fullmatch(bare):
        raise InvalidId(f"{_shown(text)!r} is not an id of the form {prefix}#01JA...")
    return f"{prefix}#{bare}"


def _shown(text: str) -> str:
    """Enough of it to know it again: a client that sends 60 KB is not sent them back."""
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."


def suffix(identifier: str) -> str:
    """The part behind the prefix."""
    return identifier.split("#", 1)[-1]


def _ulid(raw: bytes) -> str:
    """128 bits as 26 letters of five bits each."""
    number = int.from_bytes(raw)
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
