"""Razorpay's lists, newest first, by `count` and `skip`: https://razorpay.com/docs/api/orders/fetch-all."""

from collections.abc import Mapping
from typing import Any

from devcloud.razorpay.errors import refused

Thing = dict[str, Any]
_DEFAULT, _MOST = 10, 100
_NOWHERE = 2**53


def page(found: list[Thing], asked: Mapping[str, str]) -> Thing:
    """So many of them after the first so many, made from one second to another; of one receipt, if it is named."""
    if receipt := asked.get("receipt"):
        found = [thing for thing in found if thing.get("receipt") == receipt]
    first, last = _number(asked, "from", 0, _NOWHERE), _number(asked, "to", _NOWHERE, _NOWHERE)
    found = [thing for thing in found if first <= thing["created_at"] <= last]
    skip, count = _number(asked, "skip", 0, _NOWHERE), _number(asked, "count", _DEFAULT, _MOST)
    return collection(found[skip : skip + count])


def collection(items: list[Thing]) -> Thing:
    """A list as Razorpay answers it."""
    return {"entity": "collection", "count": len(items), "items": items}


def _number(asked: Mapping[str, str], name: str, default: int, most: int) -> int:
    given = asked.get(name, str(default))
    if not (given.isascii() and given.isdigit() and int(given) <= most):
        raise refused(f"The {name} must be a number of at most {most}.", name)
    return int(given)
