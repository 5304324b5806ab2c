"""What happened, and what it adds to the report of its day."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.analytics.event_types import EventType
from common import clock, events

_METRICS = {
    EventType.ORDER_CREATED: "ordersCreated",
    EventType.ORDER_COMPLETED: "ordersCompleted",
    EventType.ORDER_FAILED: "ordersFailed",
    EventType.ORDER_CANCELLED: "ordersCancelled",
    EventType.ORDER_EXPIRED: "ordersExpired",
    EventType.PAYMENT_SUCCEEDED: "paymentsSucceeded",
    EventType.PAYMENT_FAILED: "paymentsFailed",
    EventType.PAYMENT_REFUNDED: "paymentsRefunded",
    EventType.DISPUTE_OPENED: "disputesOpened",
    EventType.DISPUTE_WON: "disputesWon",
    EventType.DISPUTE_LOST: "disputesLost",
}


@dataclass(frozen=True)
class Fact:
    """One thing that happened. Every delivery of it has the same id.

    Metadata that is None is left out. Amounts of money are whole minor units.
    """

    event_id: str
    event_type: EventType
    timestamp: str
    metadata: dict[str, Any]
    user_id: str | None = None
    units_sold: int = 0
    revenue_minor: dict[str, int] = field(default_factory=dict)
    refunded_minor: dict[str, int] = field(default_factory=dict)
    lost_minor: dict[str, int] = field(default_factory=dict)  # in disputes

    @property
    def day(self) -> str:
        """The day for which it counts, in the shop's time zone."""
        return clock.shop_day(self.timestamp)

    @property
    def counts(self) -> dict[str, int]:
        """What it adds to the metrics of its day."""
        counts = {_METRICS[self.event_type]: 1} if self.event_type in _METRICS else {}
        return counts | ({"unitsSold": self.units_sold} if self.units_sold else {})


def total_units(lines: Sequence[events.Line]) -> int:
    """Return how many pieces the lines have together."""
    return sum(line.qty for line in lines)


def normalize_timestamp(text: str) -> str:
    """Return a timestamp of another service in the format of `clock.now`.

    The event log is sorted by these strings.

    Raises: ValueError for text that is no timestamp or has no time zone.
    """
    timestamp = datetime.fromisoformat(text)
    if timestamp.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return clock.iso(timestamp.timestamp())
