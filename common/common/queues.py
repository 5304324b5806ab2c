"""SQS: a consumer that finishes what it can of a batch, and a way to send."""

import json
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from chalice.app import SQSEvent

from common import aws, log, metrics

Message = dict[str, Any]


class BatchPartlyFailed(Exception):
    """Some messages of a batch could not be handled; they stay in the queue, the handled ones are gone."""


def consume(event: SQSEvent, handle: Callable[[Message], object]) -> None:
    """Hand each message of the batch to `handle`, in order.

    A message counts as done once `handle` returns. If any fails, the done ones are deleted here and BatchPartlyFailed
    is raised, so that only the failed ones come again (and end in the dead-letter queue): this holds whether or not
    the event source reports partial failures, which `chalice deploy` cannot switch on. SQS delivers at least once:
    `handle` must bear repeats.
    """
    records = event.to_dict()["Records"]
    done = [record for record in records if _handled(record, handle)]
    if len(records) > 1:
        log.correlate(None)  # what is said from here on is about none of them alone
    if len(done) < len(records):
        failed = {metrics.MESSAGES_FAILED: len(records) - len(done)}
        log.emit_metric("messages failed", failed, function=log.function())
        _delete(done)
        raise BatchPartlyFailed(f"{len(records) - len(done)} of {len(records)} messages failed")


def send(queue: str, message: Message, delay: int = 0) -> None:
    """Put a message on a queue of this account, by the queue's name; `delay` in seconds, at most 900."""
    body = json.dumps(message, default=str)
    aws.client("sqs").send_message(QueueUrl=url(queue), MessageBody=body, DelaySeconds=delay)


@cache
def url(queue: str) -> str:
    """Where the queue of this name is."""
    found: str = aws.client("sqs").get_queue_url(QueueName=queue)["QueueUrl"]
    return found


def _handled(record: dict[str, Any], handle: Callable[[Message], object]) -> bool:
    try:
        message = json.loads(record["body"])
        bind_message_context(message)
        handle(message)
    except Exception as failure:
        log.logger.exception(
            "message failed",
            extra={"messageId": record["messageId"], "error": type(failure).__name__},
        )
        return False
    log.logger.info("done", extra={"messageId": record["messageId"]})
    return True


def bind_message_context(message: Message) -> None:
    """Log under what the message is about from now on: its correlation id, order and customer."""
    told = _told(message)
    log.correlate(told.get("correlationId"))
    log.bind_context(told)


def _told(message: Message) -> Message:
    """Where events, steps' inputs, and parked stream records carry it."""
    if parked := message.get("dynamodb"):
        image = parked.get("NewImage") or parked.get("OldImage") or {}
        return {name: value.get("S") for name, value in image.items()}
    detail = message.get("detail", message)
    return detail if isinstance(detail, dict) else {}


def _delete(records: Iterable[dict[str, Any]]) -> None:
    for record in records:
        queue = record["eventSourceARN"].rsplit(":", 1)[-1]
        aws.client("sqs").delete_message(QueueUrl=url(queue), ReceiptHandle=record["receiptHandle"])
