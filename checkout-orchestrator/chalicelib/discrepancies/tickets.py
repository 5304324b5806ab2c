"""The queue of discrepancies for staff: its dead letters raise an alarm."""

import msgspec

from chalicelib.discrepancies.models import Discrepancy
from common import queues

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
