"""Razorpay's lists, newest first: https://razorpay.com/docs/api/orders/fetch-all."""

from collections.abc import Mapping

from devcloud.gateways.store import JsonObject
from devcloud.razorpay.errors import bad_request

_DEFAULT_COUNT, _MAX_COUNT = 10, 100
_MAX_NUMBER = 2**53


def page(items: list[JsonObject], query: Mapping[str, str]) -> JsonObject:
    """Return `count` items from `skip`, filtered by `receipt`, `from` and `to`."""
    if receipt := query.get("receipt"):
        items = [item for item in items if item.get("receipt") == receipt]
    first = _number(query, "from", 0, _MAX_NUMBER)
    last = _number(query, "to", _MAX_NUMBER, _MAX_NUMBER)
    items = [item for item in items if first <= item["created_at"] <= last]
    skip = _number(query, "skip", 0, _MAX_NUMBER)
    count = _number(query, "count", _DEFAULT_COUNT, _MAX_COUNT)
    return collection(items[skip : skip + count])


def collection(items: list[JsonObject]) -> JsonObject:
    """Return a list in Razorpay's envelope."""
    return {"entity": "collection", "count": len(items), "items": items}


def _number(query: Mapping[str, str], name: str, default: int, maximum: int) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and int(text) <= maximum):
        raise bad_request(f"The {name} must be a number of at most {maximum}.", name)
    return int(text)
