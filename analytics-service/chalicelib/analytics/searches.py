"""Finds events by index, newest first, page by page."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from chalicelib.analytics import periods
from chalicelib.analytics.facts import moment
from chalicelib.analytics.models import EventLog
from chalicelib.analytics.periods import Period
from chalicelib.analytics.schemas import EventQuery, LoggedEvent
from common import http, ids, money

_POSITION = {"eventId", "timestamp"}


def newest(query: EventQuery) -> tuple[list[EventLog], str | None]:
    """The rows of one page, and the cursor of the next; the cursor says where in time the page ended."""
    period = periods.asked(query.day, query.first, query.last)
    if query.user_id:
        found = _of_user(query, period or periods.ALL_TIME)
    elif query.type:
        found = _of_type(query, period or periods.ALL_TIME)
    else:
        found = _of_days(query, period or periods.latest(periods.MOST_DAYS))
    rows = list(islice(found, query.limit + 1))
    more = len(rows) > query.limit
    return rows[: query.limit], _cursor_after(rows[query.limit - 1]) if more else None


def shown(row: EventLog) -> LoggedEvent:
    """A row as it goes over the wire: money as a decimal number with its currency."""
    metadata = row.metadata.as_dict()
    if "amountMinor" in metadata:
        metadata["amount"] = money.decimal(metadata.pop("amountMinor"), metadata["currency"])
    return LoggedEvent(
        event_id=row.event_id,
        event_type=row.event_type,
        user_id=row.user_id,
        metadata=metadata,
        timestamp=row.timestamp,
    )


def _of_user(query: EventQuery, period: Period) -> Iterator[EventLog]:
    user_id = ids.parse("USER", str(query.user_id))
    after = _start(query, period, userId=user_id)
    of_type = EventLog.event_type == query.type.value if query.type else None
    yield from _newest_first(EventLog.by_user, user_id, query, period, after, of_type)


def _of_type(query: EventQuery, period: Period) -> Iterator[EventLog]:
    event_type = str(query.type)
    after = _start(query, period, eventType=event_type)
    yield from _newest_first(EventLog.by_type, event_type, query, period, after)


def _of_days(query: EventQuery, period: Period) -> Iterator[EventLog]:
    after = _start(query, period)
    latest = after["timestamp"]["S"][:10] if after else period.last.isoformat()
    for day in reversed(period.days):
        if day <= latest:
            start = {**after, "day": {"S": day}} if after and day == latest else None
            yield from _newest_first(EventLog.by_day, day, query, period, start)


def _newest_first(
    index: Any, key: str, query: EventQuery, period: Period, after: Any, condition: Any = None
) -> Iterator[EventLog]:
    yield from index.query(
        key,
        EventLog.timestamp.between(*period.bounds),
        condition,
        scan_index_forward=False,
        page_size=query.limit + 1 if condition is None else None,
        last_evaluated_key=after,
    )


def _cursor_after(row: EventLog) -> str | None:
    return http.encode_cursor({"eventId": {"S": row.event_id}, "timestamp": {"S": row.timestamp}})


def _start(query: EventQuery, period: Period, **key: str) -> dict[str, Any] | None:
    """Where in the index the cursor points; InvalidCursor if that is nowhere in the period."""
    position = http.decode_cursor(query.cursor)
    if position is None:
        return None
    first, last = period.bounds
    try:
        event_id, timestamp = ids.parse("EVT", position["eventId"]["S"]), position["timestamp"]["S"]
        if set(position) != _POSITION or moment(timestamp) != timestamp:
            raise ValueError("never given out")
    except (KeyError, ValueError, ids.InvalidId):
        raise http.InvalidCursor("cursor: expected the X-Next-Cursor of an earlier page") from None
    if not first <= timestamp <= last:
        raise http.InvalidCursor("cursor: it belongs to another period")
    place = {"eventId": event_id, "timestamp": timestamp, **key}
    return {name: {"S": value} for name, value in place.items()}
