"""Meter DynamoDB's on-demand read and write units. Loaded beside agent.py.

Reads are computed from the items in the response, in steps of 4 KB. Writes depend on the earlier
item and the indexes, so DynamoDB is asked for them. Projected items over 4 KB would be counted too
low. The shop has none.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
"""

import io
import json
import math
from typing import Any

_WRITES = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems")
_BYTES_PER_UNIT = 4096  # bytes that one unit reads

Units = dict[str, float]


def request_units(operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """Return the request. A write also asks for its consumed capacity."""
    if operation not in _WRITES:
        return request
    body = json.dumps({**json.loads(request["body"]), "ReturnConsumedCapacity": "TOTAL"}).encode()
    headers = {
        name: value
        for name, value in request["headers"].items()
        if name.lower() != "content-length"
    }
    return {**request, "body": body, "headers": {**headers, "Content-Length": str(len(body))}}


def read_units(operation: str, body: str, answer: Any, method: str) -> tuple[Any, Units]:
    """Return the response, readable again, and its units."""
    from urllib3.response import HTTPResponse

    raw = answer.read()
    headers = {
        name: value for name, value in answer.headers.items() if name.lower() != "transfer-encoding"
    }
    again = HTTPResponse(
        io.BytesIO(raw),
        {**headers, "Content-Length": str(len(raw))},
        answer.status,
        preload_content=False,
        decode_content=False,
        request_method=method,
    )
    return again, units(operation, json.loads(body), answer.status, json.loads(raw or b"{}"))


def units(operation: str, asked: dict[str, Any], status: int, answer: dict[str, Any]) -> Units:
    """Return the units of one request."""
    if operation not in _WRITES:
        return {"reads": _read(asked, answer)}
    if status != 200:
        return {"writes": _failed_write(asked, answer)}
    consumed = answer.get("ConsumedCapacity", [])
    rows = consumed if isinstance(consumed, list) else [consumed]
    return {"writes": sum(row["CapacityUnits"] for row in rows)}


def _read(asked: dict[str, Any], answer: dict[str, Any]) -> float:
    """Return read units: by item, or by the sum of a Query.

    Eventually consistent reads cost half. Nothing found costs one step.
    """
    if "RequestItems" in asked:
        return sum(
            _steps(_bytes(item)) * _share(table)
            for name, table in asked["RequestItems"].items()
            for item in _padded(answer.get("Responses", {}).get(name, []), len(table["Keys"]))
        )
    items = answer.get("Items") or [answer.get("Item", {})]
    return _steps(sum(map(_bytes, items))) * _share(asked)


def _failed_write(asked: dict[str, Any], answer: dict[str, Any]) -> float:
    """Return write units of a failed condition, billed like a write of up to 1 KB."""
    if "ConditionalCheckFailed" in answer.get("__type", ""):
        return 1
    return (
        2 * len(asked["TransactItems"]) if "TransactionCanceled" in answer.get("__type", "") else 0
    )


def _padded(items: list[dict[str, Any]], keys: int) -> list[dict[str, Any]]:
    return [*items, *({} for _ in range(keys - len(items)))]


def _steps(size: int) -> int:
    return max(1, math.ceil(size / _BYTES_PER_UNIT))


def _share(asked: dict[str, Any]) -> float:
    return 1 if asked.get("ConsistentRead") else 0.5


def _bytes(item: dict[str, Any]) -> int:
    """Return the size on the wire, slightly more than DynamoDB counts."""
    return len(json.dumps(item, separators=(",", ":"), ensure_ascii=False).encode()) if item else 0
