"""Batch reads and deletes, with retries of what DynamoDB leaves unprocessed.

PynamoDB's own batches send it again at once, and its reads without limit.
"""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from pynamodb.models import Model

from chalicelib.carts.errors import CartUnavailable
from common import aws
from common.retry import RetryPolicy

_RETRIES = RetryPolicy(tries=7, pause_seconds=0.03)
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
_MAX_READS = 100
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
_MAX_WRITES = 25

Row = TypeVar("Row", bound=Model)
Key = dict[str, str]


def read(model: type[Row], keys: Sequence[Key]) -> list[Row]:
    """Return the items that exist under these distinct keys, in no order.

    Strongly consistent.

    Raises: CartUnavailable if DynamoDB leaves some unprocessed in every attempt.
    """
    table = model.Meta.table_name
    items: list[dict[str, Any]] = []
    for chunk in _chunks(keys, _MAX_READS):
        request = {table: {"Keys": chunk, "ConsistentRead": True, **_projection(model)}}
        for response in _call_until_processed("batch_get_item", "UnprocessedKeys", request):
            items += response["Responses"].get(table, [])
    return [model.from_raw_data(item) for item in items]


def delete(model: type[Model], keys: Sequence[Key]) -> None:
    """Delete the items under these keys. Idempotent.

    Raises: CartUnavailable as `read` does; some may be left then.
    """
    for chunk in _chunks(keys, _MAX_WRITES):
        request = {model.Meta.table_name: [{"DeleteRequest": {"Key": key}} for key in chunk]}
        _call_until_processed("batch_write_item", "UnprocessedItems", request)


def _call_until_processed(
    operation: str, unprocessed: str, request: dict[str, Any]
) -> list[dict[str, Any]]:
    """Call DynamoDB until nothing is left unprocessed. Returns its responses."""
    responses: list[dict[str, Any]] = []
    for _ in _RETRIES.attempts():
        response = getattr(aws.client("dynamodb"), operation)(RequestItems=request)
        responses.append(response)
        request = response.get(unprocessed)
        if not request:
            return responses
    raise CartUnavailable("the cart could not be read or written in full; try again in a moment")


def _chunks(keys: Sequence[Key], size: int) -> Iterator[list[dict[str, dict[str, str]]]]:
    typed = [{name: {"S": value} for name, value in key.items()} for key in keys]
    return (typed[start : start + size] for start in range(0, len(typed), size))


def _projection(model: type[Model]) -> dict[str, Any]:
    """Read only the model's attributes. `name` and `status` need placeholders."""
    attributes = model.get_attributes().values()
    names = {f"#{position}": attribute.attr_name for position, attribute in enumerate(attributes)}
    return {"ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names}
