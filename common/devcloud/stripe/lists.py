"""Stripe's lists: https://docs.stripe.com/api/pagination, https://docs.stripe.com/search."""

import operator
import re
from typing import Any

from devcloud.stripe.errors import absent, invalid
from devcloud.stripe.idempotency import Answer

Thing = dict[str, Any]

_DEFAULT, _MOST = 10, 100
_COMPARED = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}
_BY_METADATA = re.compile(
    r"""\s*metadata\[["'](?P<name>[^"']+)["']\]\s*:\s*["'](?P<value>[^"']*)["']\s*"""
)


def page(url: str, found: list[Thing], params: Thing) -> Answer:
    """What follows `starting_after`, up to `limit`; of one payment_intent or type or of some time, if that is named."""
    for name in ("payment_intent", "type"):
        if wanted := params.get(name):
            found = [thing for thing in found if thing.get(name) == wanted]
    found = _created(found, params.get("created") or {})
    if after := params.get("starting_after"):
        places = [place for place, thing in enumerate(found) if thing["id"] == after]
        if not places:
            raise invalid(
                f"No such object: '{after}'", param="starting_after", code="resource_missing"
            )
        found = found[places[0] + 1 :]
    limit = _limit(params)
    return 200, {
        "object": "list",
        "data": found[:limit],
        "has_more": len(found) > limit,
        "url": url,
    }


def _created(found: list[Thing], asked: Any) -> list[Thing]:
    """Those made at that second, or within those bounds: `created[gte]=1`, `created[lt]=2`."""
    bounds = asked if isinstance(asked, dict) else {"gte": asked, "lte": asked}
    for name, bound in bounds.items():
        if name not in _COMPARED or not (str(bound).isascii() and str(bound).isdigit()):
            raise invalid("This is not a time in seconds.", param="created")
        found = [thing for thing in found if _COMPARED[name](thing["created"], int(bound))]
    return found


def search(url: str, found: list[Thing], params: Thing) -> Answer:
    """The intents with one value in their metadata: `metadata['orderId']:'ORDER#1'`."""
    if "query" not in params:
        raise absent("query")
    asked = _BY_METADATA.fullmatch(str(params["query"]))
    if asked is None:
        raise invalid("This stand-in searches for one value of the metadata only.", param="query")
    matching = [thing for thing in found if thing["metadata"].get(asked["name"]) == asked["value"]]
    start, limit = _start(params), _limit(params)
    more = len(matching) > start + limit
    body = {
        "object": "search_result",
        "data": matching[start : start + limit],
        "has_more": more,
        "next_page": str(start + limit) if more else None,
        "url": url,
    }
    return 200, body


def _limit(params: Thing) -> int:
    given = str(params.get("limit", _DEFAULT))
    if not (given.isascii() and given.isdigit() and 1 <= int(given) <= _MOST):
        raise invalid(f"This value must be between 1 and {_MOST}.", param="limit")
    return int(given)


def _start(params: Thing) -> int:
    given = str(params.get("page", "0"))
    if not (given.isascii() and given.isdigit()):
        raise invalid("This is not the next_page of an earlier answer.", param="page")
    return int(given)
