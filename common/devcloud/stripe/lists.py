"""Stripe's lists and searches.

https://docs.stripe.com/api/pagination, https://docs.stripe.com/search
"""

import operator
import re
from typing import Any

from devcloud.gateways.store import JsonObject
from devcloud.stripe.errors import invalid_request, missing_param
from devcloud.stripe.idempotency import Answer

_DEFAULT_LIMIT, _MAX_LIMIT = 10, 100
_COMPARISONS = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}
_BY_METADATA = re.compile(
    r"""\s*metadata\[["'](?P<name>[^"']+)["']\]\s*:\s*["'](?P<value>[^"']*)["']\s*"""
)


def page(url: str, items: list[JsonObject], params: JsonObject) -> Answer:
    """Return the page after `starting_after`, filtered by intent, type and time."""
    for name in ("payment_intent", "type"):
        if value := params.get(name):
            items = [item for item in items if item.get(name) == value]
    items = _created_within(items, params.get("created") or {})
    if after := params.get("starting_after"):
        positions = [position for position, item in enumerate(items) if item["id"] == after]
        if not positions:
            raise invalid_request(
                f"No such object: '{after}'", param="starting_after", code="resource_missing"
            )
        items = items[positions[0] + 1 :]
    limit = _limit(params)
    return 200, {
        "object": "list",
        "data": items[:limit],
        "has_more": len(items) > limit,
        "url": url,
    }


def _created_within(items: list[JsonObject], created: Any) -> list[JsonObject]:
    """Return the items of that second, or within bounds such as `created[gte]=1`."""
    bounds = created if isinstance(created, dict) else {"gte": created, "lte": created}
    for name, bound in bounds.items():
        if name not in _COMPARISONS or not (str(bound).isascii() and str(bound).isdigit()):
            raise invalid_request("This is not a time in seconds.", param="created")
        items = [item for item in items if _COMPARISONS[name](item["created"], int(bound))]
    return items


def search(url: str, items: list[JsonObject], params: JsonObject) -> Answer:
    """Return the intents with this metadata: `metadata['orderId']:'ORDER#1'`."""
    if "query" not in params:
        raise missing_param("query")
    query = _BY_METADATA.fullmatch(str(params["query"]))
    if query is None:
        raise invalid_request(
            "This fake searches for one value of the metadata only.", param="query"
        )
    matching = [item for item in items if item["metadata"].get(query["name"]) == query["value"]]
    start, limit = _start(params), _limit(params)
    has_more = len(matching) > start + limit
    body = {
        "object": "search_result",
        "data": matching[start : start + limit],
        "has_more": has_more,
        "next_page": str(start + limit) if has_more else None,
        "url": url,
    }
    return 200, body


def _limit(params: JsonObject) -> int:
    text = str(params.get("limit", _DEFAULT_LIMIT))
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _MAX_LIMIT):
        raise invalid_request(f"This value must be between 1 and {_MAX_LIMIT}.", param="limit")
    return int(text)


def _start(params: JsonObject) -> int:
    text = str(params.get("page", "0"))
    if not (text.isascii() and text.isdigit()):
        raise invalid_request("This is not the next_page of an earlier answer.", param="page")
    return int(text)
