"""How long a Lambda waits for DynamoDB, in every table's model; and what a failed write says.

PynamoDB's own limits (15 s to connect, 30 s to read, three times) are longer than a saga step may take, so that a step would be
killed where it could have tried again.
"""

from botocore.exceptions import ClientError
from pynamodb.exceptions import PynamoDBException

CONNECT_SECONDS = 2
READ_SECONDS = 5
TRIES = 3


class Meta:
    """Inherited by the Meta of each model."""

    connect_timeout_seconds = CONNECT_SECONDS
    read_timeout_seconds = READ_SECONDS
    max_retry_attempts = TRIES


def was_refused(problem: PynamoDBException) -> bool:
    """Whether a write failed because its condition did not hold: the one failure that is an answer."""
    return error_code(problem) == "ConditionalCheckFailedException"


def error_code(problem: PynamoDBException) -> str | None:
    """DynamoDB's word for what went wrong; None if its answer got lost, where PynamoDB's own look-up would break."""
    cause = problem.cause
    return cause.response["Error"]["Code"] if isinstance(cause, ClientError) else None
