"""Many items at once. DynamoDB may leave part of a batch undone; the rest is sent again after a growing pause.

PynamoDB's own batches send it again at once, and when reading without end.
"""

import random
import time
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from pynamodb.models import Model

from chalicelib.carts.errors import CartUnavailable
from common import aws

TRIES = 7
_PAUSE_SECONDS = 0.03
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html and API_BatchWriteItem.html
_MOST_READS = 100
_MOST_WRITES = 25

Row = TypeVar("Row", bound=Model)
Key = dict[str, str]


def read(model: type[Row], keys: Sequence[Key]) -> list[Row]:
    """The items that exist under these different keys, as of now, in no order; only what the model knows of them.

    CartUnavailable if DynamoDB leaves some unread TRIES times in a row.
    """
    table = model.Meta.table_name
    found: list[dict[str, Any]] = []
    for chunk in _chunks(keys, _MOST_READS):
        wanted = {table: {"Keys": chunk, "ConsistentRead": True, **_projection(model)}}
        for answer in _answers("batch_get_item", "UnprocessedKeys", wanted):
            found += answer["Responses"].get(table, [])
    return [model.from_raw_data(item) for item in found]


def delete(model: type[Model], keys: Sequence[Key]) -> None:
    """Delete what there is under these keys; safe to repeat. CartUnavailable as in `read`, and then some may be left."""
    for chunk in _chunks(keys, _MOST_WRITES):
        wanted = {model.Meta.table_name: [{"DeleteRequest": {"Key": key}} for key in chunk]}
        for _ in _answers("batch_write_item", "UnprocessedItems", wanted):
            pass


def _answers(call: str, left_over: str, wanted: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """DynamoDB's answers until nothing is left over."""
    for attempt in range(TRIES):
        answer = getattr(aws.client("dynamodb"), call)(RequestItems=wanted)
        yield answer
        wanted = answer.get(left_over)
        if not wanted:
            return
        time.sleep(random.uniform(0, _PAUSE_SECONDS * 2**attempt))
    raise CartUnavailable("the cart could not be read or written in full; try again in a moment")


def _chunks(keys: Sequence[Key], size: int) -> Iterator[list[dict[str, dict[str, str]]]]:
    typed = [{name: {"S": value} for name, value in key.items()} for key in keys]
    return (typed[start : start + size] for start in range(0, len(typed), size))


def _projection(model: type[Model]) -> dict[str, Any]:
    """Long descriptions are nothing to a cart; names go by placeholders, as `name` and `status` are reserved words."""
    attributes = model.get_attributes().values()
    names = {f"#{position}": attribute.attr_name for position, attribute in enumerate(attributes)}
    return {"ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names}
