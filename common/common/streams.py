"""DynamoDB streams: a consumer that one failing record cannot stop."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from chalice.app import DynamoDBEvent

from common import aws, log, metrics, queues
from common.retry import RetryPolicy

RETRY = RetryPolicy(tries=3, pause_seconds=0.2)


@dataclass(frozen=True)
class Change:
    """A change of an item: `old` is None for an insert, `new` is None for a removal."""

    event_id: str
    table: str
    name: str
    old: dict[str, Any] | None
    new: dict[str, Any] | None
    at: float


def arn(table: str) -> str:
    """Return the ARN of a table's stream, for `@app.on_dynamodb_record`.

    Only `chalice deploy` uses it. A packaged template imports it from the table's stack, so the
    placeholder that is returned without AWS is never deployed.
    """
    if "AWS_CHALICE_CLI_MODE" in os.environ:
        try:
            stream_arn: str = aws.client("dynamodb").describe_table(TableName=table)["Table"][
                "LatestStreamArn"
            ]
            return stream_arn
        except (BotoCoreError, ClientError, KeyError):
            pass
    return f"arn:aws:dynamodb:us-east-1:000000000000:table/{table}/stream/deploy-{table}-first"


def consume(
    event: DynamoDBEvent, handle: Callable[[Change], object], on_failure_queue: str
) -> None:
    """Hand each change to `handle`, in order. Park one that fails every attempt.

    A parked record goes to the queue `on_failure_queue` as it came, and the shard goes on; the
    queue's consumer reads it with `read`. Streams deliver at least once: `handle` must be
    idempotent. Raises: what sending to that queue raises; the batch then comes again.
    """
    for record in event.to_dict()["Records"]:
        change = read(record)
        queues.bind_message_context(change.new or change.old or {})
        if _handled(change, handle):
            log.logger.info("done", extra={"table": change.table, "eventId": change.event_id})
        else:
            queues.send(on_failure_queue, record)
            log.emit_metric("record parked", {metrics.RECORDS_PARKED: 1}, function=log.function())


def read(record: dict[str, Any]) -> Change:
    """Parse a stream record, from the stream or from the failure queue."""
    body = record["dynamodb"]
    return Change(
        event_id=record["eventID"],
        table=record["eventSourceARN"].split("/")[1],
        name=record["eventName"],
        old=_image(body.get("OldImage")),
        new=_image(body.get("NewImage")),
        at=float(body.get("ApproximateCreationDateTime", 0)),
    )


def _handled(change: Change, handle: Callable[[Change], object]) -> bool:
    for _ in RETRY.attempts():
        try:
            handle(change)
            return True
        except Exception as exc:
            log.logger.exception(
                "change failed",
                extra={
                    "table": change.table,
                    "eventId": change.event_id,
                    "error": type(exc).__name__,
                },
            )
    return False


def _image(image: dict[str, Any] | None) -> dict[str, Any] | None:
    read_value = _deserializer().deserialize
    return {name: read_value(value) for name, value in image.items()} if image else None


@cache
def _deserializer() -> Any:
    """boto3's, imported by consumers of streams only: it is slow to import."""
    from boto3.dynamodb.types import TypeDeserializer

    return TypeDeserializer()
