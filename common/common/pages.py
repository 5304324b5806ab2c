"""Pages of a list, and the cursors between them."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from chalice import BadRequestError

Item = TypeVar("Item")

PAGE_LIMIT = 100  # of what the shop itself lists: one batch of DynamoDB


class InvalidCursor(BadRequestError):
    """The cursor was not issued by this shop."""

    description = "`cursor` is not the `X-Next-Cursor` of an earlier page."


@dataclass(frozen=True)
class Page(Generic[Item]):
    """One page of a list.

    `cursor` is where the next page starts, None on the last one.
    """

    items: Sequence[Item]
    cursor: str | None = None


def encode_cursor(key: dict[str, Any] | None) -> str | None:
    """Encode DynamoDB's last evaluated key as a cursor for clients.

    None at the end of the list.
    """
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode() if key else None


def decode_cursor(text: str | None) -> dict[str, Any] | None:
    """Decode a cursor to DynamoDB's key. None without one. Raises: InvalidCursor."""
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
