"""The queue of discrepancies for staff: its dead letters raise an alarm."""

import msgspec

from chalicelib.discrepancies.models import Discrepancy
from common import aws, queues

QUEUE = "discrepancy-queue"


class DiscrepancyTicket(msgspec.Struct, rename="camel", kw_only=True):
    """A message of discrepancy-queue."""

    kind: str
    detail: str
    order_id: str | None = None
    product_id: str | None = None
    intents: list[str] = []
    day: str | None = None


def escalate(discrepancy: Discrepancy, day: str | None = None) -> None:
    """Send the discrepancy to staff. Not idempotent: each call is another ticket."""
    ticket = DiscrepancyTicket(
        kind=discrepancy.kind,
        detail=discrepancy.detail,
        order_id=discrepancy.order_id,
        product_id=discrepancy.product_id,
        intents=list(discrepancy.intents),
        day=day,
    )
    queues.send(QUEUE, msgspec.to_builtins(ticket))


def count_open() -> int:
    """Count the discrepancies that are rechecked or wait for staff, approximately."""
    return sum(_count_messages(queue) for queue in (QUEUE, f"{QUEUE}-dlq"))


def _count_messages(queue: str) -> int:
    counts = ("", "NotVisible", "Delayed")
    attributes = aws.client("sqs").get_queue_attributes(
        QueueUrl=queues.url(queue),
        AttributeNames=[f"ApproximateNumberOfMessages{each}" for each in counts],
    )["Attributes"]
    return sum(map(int, attributes.values()))
