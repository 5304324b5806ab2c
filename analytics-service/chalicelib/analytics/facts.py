"""What happened, in this service's own words, and what it adds to the report of its day."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.analytics.event_types import EventType
from common import clock, events

_COUNTED = {
    EventType.ORDER_CREATED: "ordersCreated",
    EventType.ORDER_COMPLETED: "ordersCompleted",
    EventType.ORDER_FAILED: "ordersFailed",
    EventType.ORDER_CANCELLED: "ordersCancelled",
    EventType.ORDER_EXPIRED: "ordersExpired",
    EventType.PAYMENT_SUCCEEDED: "paymentsSucceeded",
    EventType.PAYMENT_FAILED: "paymentsFailed",
    EventType.PAYMENT_REFUNDED: "paymentsRefunded",
}


@dataclass(frozen=True)
class Fact:
    """One thing that happened. Its id is the same however often, and by whichever way, it is told.

    Metadata that is None is left out; amounts of money in it are whole minor units.
    """

    event_id: str
    event_type: EventType
    timestamp: str
    metadata: dict[str, Any]
    user_id: str | None = None
    units_sold: int = 0
    revenue_minor: dict[str, int] = field(default_factory=dict)
    refunded_minor: dict[str, int] = field(default_factory=dict)

    @property
    def day(self) -> str:
        """The day it counts for: that on which it happened (UTC), whenever it is heard of."""
        return self.timestamp[:10]

    @property
    def counts(self) -> dict[str, int]:
        """What it adds to the day's counts."""
        counts = {_COUNTED[self.event_type]: 1} if self.event_type in _COUNTED else {}
        return counts | ({"unitsSold": self.units_sold} if self.units_sold else {})


def units(items: Sequence[events.Line]) -> int:
    """How many pieces these lines have together."""
    return sum(line.qty for line in items)


def moment(text: str) -> str:
    """A timestamp of another service in the shape of `clock.now`; ValueError if it is not a moment.

    The order of the event log is the order of these strings, so they must all look alike.
    """
    read = datetime.fromisoformat(text)
    if read.tzinfo is None:
        raise ValueError(f"{text!r} does not say its time zone")
    return clock.iso(read.timestamp())
