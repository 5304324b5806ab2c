"""Queries and responses."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from chalicelib.analytics.event_types import EventType
from common.schemas import Schema

Day = Annotated[
    date | None, Meta(description="One day, in the shop's time zone, instead of `from` and `to`.")
]
First = Annotated[date | None, Meta(description="The first day.")]
Last = Annotated[date | None, Meta(description="The last day, included; 92 days at most.")]


class ReportQuery(Schema):
    """Which days, in the shop's time zone."""

    day: Day = None
    first: First = msgspec.field(name="from", default=None)
    last: Last = msgspec.field(name="to", default=None)


class EventQuery(ReportQuery):
    """Which events, and how many on a page."""

    type: Annotated[EventType | None, Meta(description="Only events of this type.")] = None
    user_id: Annotated[str | None, Meta(description="Only events of this customer.")] = None
    limit: Annotated[int, Meta(ge=1, le=100, description="Events per page.")] = 50
    cursor: Annotated[str | None, Meta(description="The `X-Next-Cursor` of the page before.")] = (
        None
    )


class LoggedEvent(Schema):
    """An event of the log, without `userId` where it has no customer."""

    event_id: str
    event_type: EventType
    metadata: dict[str, Any]
    timestamp: str
    user_id: str | None = None


class DayReport(Schema):
    """The metrics of a day (UTC)."""

    day: str
    orders_created: int
    orders_completed: int
    orders_failed: int
    orders_cancelled: int
    orders_expired: int
    payments_succeeded: int
    payments_failed: int
    payments_refunded: int
    disputes_opened: int
    disputes_won: int
    disputes_lost: int
    units_sold: int
    revenue: dict[str, Decimal]
    refunded: dict[str, Decimal]
    lost: Annotated[dict[str, Decimal], Meta(description="What lost disputes took.")]
