"""SQS: consume a batch as far as possible, and send."""

import json
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from chalice.app import SQSEvent

from common import aws, log, metrics

Message = dict[str, Any]


class BatchPartlyFailed(Exception):
    """Some messages of a batch failed and stay in the queue. The others were deleted."""


def consume(event: SQSEvent, handle: Callable[[Message], object]) -> None:
    """Hand each message of the batch to `handle`, in order.

    If any fails, the others are deleted here and BatchPartlyFailed is raised, so that only the
    failed ones are delivered again (and end in the dead-letter queue): this holds whether or not
    the event source reports partial failures, which `chalice deploy` cannot switch on. SQS
    delivers at least once: `handle` must be idempotent.
    """
    records = event.to_dict()["Records"]
    done = [record for record in records if _handled(record, handle)]
    if len(records) > 1:
        log.correlate(None)  # further lines are about the batch
    if len(done) < len(records):
        failed = {metrics.MESSAGES_FAILED: len(records) - len(done)}
        log.emit_metric("messages failed", failed, function=log.function())
        _delete(done)
        raise BatchPartlyFailed(f"{len(records) - len(done)} of {len(records)} messages failed")


def send(queue: str, message: Message, delay: int = 0) -> None:
    """Send a message to a queue by its name. `delay` in seconds, at most 900."""
    body = json.dumps(message, default=str)
    aws.client("sqs").send_message(QueueUrl=url(queue), MessageBody=body, DelaySeconds=delay)


@cache
def url(queue: str) -> str:
    """Return the URL of a queue. Cached."""
    address: str = aws.client("sqs").get_queue_url(QueueName=queue)["QueueUrl"]
    return address


def _handled(record: dict[str, Any], handle: Callable[[Message], object]) -> bool:
    try:
        message = json.loads(record["body"])
        bind_message_context(message)
        handle(message)
    except Exception as exc:
        log.logger.exception(
            "message failed",
            extra={"messageId": record["messageId"], "error": type(exc).__name__},
        )
        return False
    log.logger.info("done", extra={"messageId": record["messageId"]})
    return True


def bind_message_context(message: Message) -> None:
    """Log under a message's correlation id, order and customer from now on."""
    fields = _fields(message)
    log.correlate(fields.get("correlationId"))
    log.bind_context(fields)


def _fields(message: Message) -> Message:
    """The fields of an event, of a step's input, or of a stream record."""
    if record := message.get("dynamodb"):
        image = record.get("NewImage") or record.get("OldImage") or {}
        return {name: value.get("S") for name, value in image.items()}
    detail = message.get("detail", message)
    return detail if isinstance(detail, dict) else {}


def _delete(records: Iterable[dict[str, Any]]) -> None:
    for record in records:
        queue = record["eventSourceARN"].rsplit(":", 1)[-1]
        aws.client("sqs").delete_message(QueueUrl=url(queue), ReceiptHandle=record["receiptHandle"])
