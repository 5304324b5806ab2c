"""Ids of everything in the shop: a prefix, `#`, and a ULID, such as `ORDER#01JAB...`."""

import hashlib
import re
from urllib.parse import unquote

from chalice import BadRequestError
from ulid import ULID

_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,63}")


class InvalidId(BadRequestError):
    """A text cannot be the id it stands for."""


def new(prefix: str) -> str:
    """A fresh id; later ones sort after earlier ones."""
    return f"{prefix}#{ULID()}"


def derived(prefix: str, *parts: object) -> str:
    """The id that these parts always have: what makes a repeated write land on the same row."""
    text = "\x1f".join(str(part) for part in parts)
    return f"{prefix}#{ULID.from_bytes(hashlib.sha256(text.encode()).digest()[:16])}"


def parse(prefix: str, text: str) -> str:
    """The id in its one spelling; takes it percent-encoded or without its prefix, too.

    Raises InvalidId if the text cannot be an id of this kind.
    """
    plain = unquote(text).strip()
    bare = plain.removeprefix(f"{prefix}#")
    if not _ID.fullmatch(bare):
        raise InvalidId(f"{text!r} is not an id of the form {prefix}#01JA...")
    return f"{prefix}#{bare}"


def short(identifier: str) -> str:
    """The part behind the prefix."""
    return identifier.split("#", 1)[-1]
