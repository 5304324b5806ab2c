"""Ids: a prefix, `#`, and a ULID, such as `ORDER#01JAB...`.

ULIDs sort by time: https://github.com/ulid/spec
"""

import hashlib
import os
import re
import time
from urllib.parse import unquote

from chalice import BadRequestError

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TIME_BYTES, _RANDOM_BYTES = 6, 10
_MAX_SHOWN = 80
_GUEST = "GUEST#"
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", re.IGNORECASE | re.ASCII)
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,63}")


class InvalidId(BadRequestError):
    """A text is not an id of the expected kind."""

    description = "The id in the path or in the body is not of the form `PREFIX#...`."


def new(prefix: str) -> str:
    """Create an id. Later ids sort after earlier ones."""
    milliseconds = time.time_ns() // 1_000_000
    return f"{prefix}#{_ulid(milliseconds.to_bytes(_TIME_BYTES) + os.urandom(_RANDOM_BYTES))}"


def deterministic(prefix: str, *parts: object) -> str:
    """Derive an id from its parts: a repeated write lands on the same row."""
    text = "\x1f".join(str(part) for part in parts)
    return (
        f"{prefix}#{_ulid(hashlib.sha256(text.encode()).digest()[: _TIME_BYTES + _RANDOM_BYTES])}"
    )


def parse(prefix: str, text: str) -> str:
    """Normalize an id.

    It may be percent-encoded, lack its prefix, or be in lower case. Raises: InvalidId.
    """
    plain = unquote(text).strip()
    has_prefix = plain.upper().startswith(f"{prefix}#")
    bare = plain[len(prefix) + 1 :] if has_prefix else plain
    if not _ID.fullmatch(bare):
        raise InvalidId(f"{_shown(text)!r} is not an id of the form {prefix}#01JA...")
    return f"{prefix}#{bare.upper() if _ULID.fullmatch(bare) else bare}"


def owner_of_guest_cart(secret: str) -> str:
    """Return the owner of the cart that a guest's secret opens.

    The secret has 256 bits of entropy: an unsalted SHA-256 suffices if a table leaks.
    """
    return f"{_GUEST}{hashlib.sha256(secret.encode()).hexdigest()}"


def is_guest(owner_id: str) -> bool:
    """Whether this owner of a cart or an order has no account."""
    return owner_id.startswith(_GUEST)


def _shown(text: str) -> str:
    """The text, cut: an error does not return 60 KB to its sender."""
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."


def suffix(identifier: str) -> str:
    """The part behind the prefix: `01JAB...`."""
    return identifier.split("#", 1)[-1]


def _ulid(raw: bytes) -> str:
    """Encode 128 bits as 26 letters of five bits each."""
    number = int.from_bytes(raw)
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
