"""How long a Lambda waits for DynamoDB, in every table's model; and what a failed write says.

PynamoDB's own limits (15 s to connect, 30 s to read, four times) are longer than a saga step may take (20 s), so that a step would be
killed where it could have tried again.
"""

from typing import Any, TypeVar

from botocore.exceptions import ClientError
from pynamodb.attributes import Attribute, ListAttribute, MapAttribute
from pynamodb.constants import MAP, NUMBER
from pynamodb.exceptions import PynamoDBException

from common import aws  # noqa: F401  # introduces the clients that PynamoDB makes

CONNECT_SECONDS = 2
READ_SECONDS = 5
TRIES = 3
REPEATS = TRIES - 1  # what PynamoDB calls attempts are those after the first

Element = TypeVar("Element", bound=MapAttribute[Any, Any])


class Meta:
    """Inherited by the Meta of each model."""

    connect_timeout_seconds = CONNECT_SECONDS
    read_timeout_seconds = READ_SECONDS
    max_retry_attempts = REPEATS


class WholeNumber(Attribute[int]):
    """A quantity, or money in minor units: never a float, as PynamoDB's own NumberAttribute is."""

    attr_type = NUMBER

    def serialize(self, value: int) -> str:
        """As DynamoDB writes numbers."""
        return str(int(value))

    def deserialize(self, value: str) -> int:
        """From DynamoDB's text."""
        return int(value)


class MapsAttribute(ListAttribute[Element]):
    """A list of maps, like `ListAttribute(of=...)`, read in two thirds of the time.

    PynamoDB copies all attributes of the map at each reading, to name the place in an error: so that is left to it where one is due.
    """

    def deserialize(self, values: list[dict[str, Any]]) -> list[Element]:
        """The maps; anything else in the list goes PynamoDB's own way."""
        if self.element_type is None or not all(MAP in value for value in values):
            return super().deserialize(values)  # type: ignore[no-untyped-call]
        element = self.element_type()
        return [element.deserialize(value[MAP]) for value in values]


def is_condition_failure(exc: PynamoDBException) -> bool:
    """Whether a write failed because its condition did not hold: the one failure that is an answer."""
    return error_code(exc) == "ConditionalCheckFailedException"


def error_code(exc: PynamoDBException) -> str | None:
    """DynamoDB's word for what went wrong; None if its answer got lost, where PynamoDB's own look-up would break."""
    cause = exc.cause
    return cause.response["Error"]["Code"] if isinstance(cause, ClientError) else None
