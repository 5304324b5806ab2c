"""What a Lambda's request to DynamoDB costs on demand, in read and write units; loaded beside agent.py.

Reads are computed from the items in the answer, 4 KB at a time; writes, which depend on what was there before and on the indexes, DynamoDB is asked
for. A projection hides part of an item: items over 4 KB that are read so would be counted too low; the shop has none.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
"""

import io
import json
import math
from typing import Any

_WRITES = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems")
_UNITED = 4096  # bytes that one unit reads

Units = dict[str, float]


def asks(operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """The request, if it writes with the wish to be told the units."""
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
    """The answer, to be read once more, and the units."""
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
    """The units of one request."""
    if operation not in _WRITES:
        return {"reads": _read(asked, answer)}
    if status != 200:
        return {"writes": _refused(asked, answer)}
    consumed = answer.get("ConsumedCapacity", [])
    rows = consumed if isinstance(consumed, list) else [consumed]
    return {"writes": sum(row["CapacityUnits"] for row in rows)}


def _read(asked: dict[str, Any], answer: dict[str, Any]) -> float:
    """Each item by itself, or a Query's together; half as much where the latest is not asked for; at least one step for nothing found."""
    if "RequestItems" in asked:
        return sum(
            _steps(_bytes(item)) * _share(table)
            for name, table in asked["RequestItems"].items()
            for item in _padded(answer.get("Responses", {}).get(name, []), len(table["Keys"]))
        )
    found = answer.get("Items") or [answer.get("Item", {})]
    return _steps(sum(map(_bytes, found))) * _share(asked)


def _refused(asked: dict[str, Any], answer: dict[str, Any]) -> float:
    """What a condition stopped is billed like a write; the item is taken to be under 1 KB."""
    if "ConditionalCheckFailed" in answer.get("__type", ""):
        return 1
    return (
        2 * len(asked["TransactItems"]) if "TransactionCanceled" in answer.get("__type", "") else 0
    )


def _padded(items: list[dict[str, Any]], keys: int) -> list[dict[str, Any]]:
    return [*items, *({} for _ in range(keys - len(items)))]


def _steps(size: int) -> int:
    return max(1, math.ceil(size / _UNITED))


def _share(asked: dict[str, Any]) -> float:
    return 1 if asked.get("ConsistentRead") else 0.5


def _bytes(item: dict[str, Any]) -> int:
    """An item as it is sent, which is a little longer than as DynamoDB counts it."""
    return len(json.dumps(item, separators=(",", ":"), ensure_ascii=False).encode()) if item else 0
