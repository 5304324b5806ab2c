"""Queries and responses."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from chalicelib.analytics.event_types import EventType
from common import http


class ReportQuery(http.Body):
    """Which days (UTC): `day`, or `from` and `to`; today by default."""

    day: date | None = None
    first: date | None = msgspec.field(name="from", default=None)
    last: date | None = msgspec.field(name="to", default=None)


class EventQuery(ReportQuery):
    """Which events, and how many on a page."""

    type: EventType | None = None
    user_id: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50
    cursor: str | None = None


class LoggedEvent(http.Body):
    """An event of the log; without `userId` where it has no customer."""

    event_id: str
    event_type: EventType
    metadata: dict[str, Any]
    timestamp: str
    user_id: str | None = None


class DayReport(http.Body):
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
    units_sold: int
    revenue: dict[str, Decimal]
    refunded: dict[str, Decimal]
