"""DynamoDB through PynamoDB: timeouts, reads, and conditional writes.

PynamoDB's own limits (15 s to connect, 30 s to read, four times) are longer than a saga step
may take (20 s): the step would be killed where it could have retried.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from botocore.exceptions import ClientError
from pynamodb.attributes import Attribute, ListAttribute, MapAttribute
from pynamodb.constants import MAP, NUMBER
from pynamodb.exceptions import (
    DeleteError,
    DoesNotExist,
    PutError,
    PynamoDBException,
    UpdateError,
)
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from common import (
    acts,
    aws,  # noqa: F401  # configures the sessions that PynamoDB creates
)

CONNECT_SECONDS = 2
READ_SECONDS = 5
TRIES = 3
RETRIES = TRIES - 1  # PynamoDB does not count the first attempt

Element = TypeVar("Element", bound=MapAttribute[Any, Any])
Item = TypeVar("Item", bound=Model)


class Meta:
    """Base of every model's Meta: time limits and retries."""

    connect_timeout_seconds = CONNECT_SECONDS
    read_timeout_seconds = READ_SECONDS
    max_retry_attempts = RETRIES


class WholeNumber(Attribute[int]):
    """An integer: a count, or money in minor units. NumberAttribute would be a float."""

    attr_type = NUMBER

    def serialize(self, value: int) -> str:
        """Convert to DynamoDB's text."""
        return str(int(value))

    def deserialize(self, value: str) -> int:
        """Convert from DynamoDB's text."""
        return int(value)


class Map(MapAttribute[str, Any]):
    """A map with declared attributes, stored within an item."""

    def __init__(self, **values: Any) -> None:
        """Create the map, or declare an attribute of its kind."""
        super().__init__(**values)  # type: ignore[no-untyped-call]


class MapsAttribute(ListAttribute[Element]):
    """A list of maps, like `ListAttribute(of=...)`, read in two thirds of the time.

    PynamoDB copies the attributes of each map, to name the place of an error; this does not.
    """

    def deserialize(self, values: list[dict[str, Any]]) -> list[Element]:
        """Read the maps. A list of anything else is read by PynamoDB."""
        if self.element_type is None or not all(MAP in value for value in values):
            elements: list[Element] = super().deserialize(values)  # type: ignore[no-untyped-call]
            return elements
        element = self.element_type()
        return [element.deserialize(value[MAP]) for value in values]


def find(model: type[Item], hash_key: Any, range_key: Any = None) -> Item | None:
    """Read an item with a strongly consistent read. None if there is none."""
    try:
        return model.get(hash_key, range_key, consistent_read=True)
    except DoesNotExist:
        return None


def update_if(
    item: Model,
    actions: Sequence[Action],
    condition: Condition,
    *,
    add_version_condition: bool = True,
) -> bool:
    """Update attributes of the item with this key.

    Returns False if the condition did not hold.

    The item's own attributes are refreshed from the answer. A model's VersionAttribute is part of
    the condition unless `add_version_condition` is False; it is counted up in either case.
    """
    if acts.is_traced():
        return _update_traced(item, actions, condition, add_version_condition)
    try:
        item.update(
            actions=list(actions),
            condition=condition,
            add_version_condition=add_version_condition,
        )
    except UpdateError as exc:
        return _refused(exc)
    return True


def save_if(item: Model, condition: Condition) -> bool:
    """Write the whole item. False if the condition did not hold."""
    if acts.is_traced():
        return _write_traced("put", item, condition)
    try:
        item.save(condition=condition)
    except PutError as exc:
        return _refused(exc)
    return True


def delete_if(item: Model, condition: Condition) -> bool:
    """Delete the item with this key. False if the condition did not hold."""
    if acts.is_traced():
        return _write_traced("delete", item, condition)
    try:
        item.delete(condition=condition)
    except DeleteError as exc:
        return _refused(exc)
    return True


def is_condition_failure(exc: PynamoDBException) -> bool:
    """Whether a write failed because its condition did not hold."""
    return error_code(exc) == "ConditionalCheckFailedException"


def error_code(exc: PynamoDBException) -> str | None:
    """Return DynamoDB's error code, or None without a response.

    PynamoDB's own look-up fails without a response.
    """
    cause = exc.cause
    return cause.response["Error"]["Code"] if isinstance(cause, ClientError) else None


def _update_traced(
    item: Model, actions: Sequence[Action], condition: Condition, add_version_condition: bool
) -> bool:
    is_written = _write_traced("update", item, condition, list(actions), add_version_condition)
    if is_written:
        item.refresh(consistent_read=True)
    return is_written


def _write_traced(kind: str, item: Model, condition: Condition, *more: Any) -> bool:
    """Write the item together with its trace. False if the condition failed."""
    from common import transactions  # it imports this module

    operation = getattr(transactions, kind)
    try:
        transactions.write(operation(item, *more[:1], condition, *more[1:]))
    except transactions.TransactionCancelled:
        return False
    return True


def _refused(exc: PynamoDBException) -> bool:
    """False for a condition that did not hold. Raises every other failure."""
    if not is_condition_failure(exc):
        raise exc
    return False
