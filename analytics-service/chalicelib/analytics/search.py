"""Find events by index, newest first, page by page."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from chalicelib.analytics import periods
from chalicelib.analytics.event_types import EventType
from chalicelib.analytics.facts import normalize_timestamp
from chalicelib.analytics.models import EventLog
from chalicelib.analytics.periods import Period
from chalicelib.analytics.schemas import EventQuery, LoggedEvent
from common import clock, ids, money
from common.pages import InvalidCursor, Page, decode_cursor, encode_cursor

_CURSOR_FIELDS = {"eventId", "timestamp"}

Key = dict[str, Any]


def find_page(query: EventQuery) -> Page[EventLog]:
    """Return one page of the rows that a query names.

    Raises: PeriodInvalid, InvalidId, InvalidCursor.
    """
    period = periods.parse(query.day, query.first, query.last)
    if query.user_id:
        events = _events_of_user(query, period or periods.ALL_TIME)
    elif query.type:
        events = _events_of_type(query, period or periods.ALL_TIME)
    else:
        events = _events_of_days(query, period or periods.latest(periods.MAX_DAYS))
    rows = list(islice(events, query.limit + 1))
    has_more = len(rows) > query.limit
    return Page(rows[: query.limit], _cursor_after(rows[query.limit - 1]) if has_more else None)


def event_view(row: EventLog) -> LoggedEvent:
    """Return the row as a response has it, amounts as decimal numbers."""
    metadata = row.metadata.as_dict()
    if "amountMinor" in metadata:
        metadata["amount"] = money.decimal(metadata.pop("amountMinor"), metadata["currency"])
    return LoggedEvent(
        event_id=row.event_id,
        event_type=EventType(row.event_type),
        user_id=row.user_id,
        metadata=metadata,
        timestamp=row.timestamp,
    )


def _events_of_user(query: EventQuery, period: Period) -> Iterator[EventLog]:
    user_id = ids.parse("USER", str(query.user_id))
    start = _start_key(query, period, userId=user_id)
    has_type = EventLog.event_type == query.type.value if query.type else None
    yield from _query_newest_first(EventLog.by_user, user_id, query, period, start, has_type)


def _events_of_type(query: EventQuery, period: Period) -> Iterator[EventLog]:
    event_type = str(query.type)
    start = _start_key(query, period, eventType=event_type)
    yield from _query_newest_first(EventLog.by_type, event_type, query, period, start)


def _events_of_days(query: EventQuery, period: Period) -> Iterator[EventLog]:
    start = _start_key(query, period)
    start_day = clock.shop_day(start["timestamp"]["S"]) if start else period.last.isoformat()
    for day in reversed(period.days):
        if day <= start_day:
            day_start = {**start, "day": {"S": day}} if start and day == start_day else None
            yield from _query_newest_first(EventLog.by_day, day, query, period, day_start)


def _query_newest_first(
    index: Any,
    key: str,
    query: EventQuery,
    period: Period,
    start: Key | None,
    condition: Any = None,
) -> Iterator[EventLog]:
    yield from index.query(
        key,
        EventLog.timestamp.between(*period.bounds),
        condition,
        scan_index_forward=False,
        page_size=query.limit + 1 if condition is None else None,
        last_evaluated_key=start,
    )


def _cursor_after(row: EventLog) -> str | None:
    return encode_cursor({"eventId": {"S": row.event_id}, "timestamp": {"S": row.timestamp}})


def _start_key(query: EventQuery, period: Period, **index_key: str) -> Key | None:
    """Return the key of the index that the cursor points to, or None without a cursor.

    Raises: InvalidCursor for a forged cursor and for one of another period.
    """
    cursor = decode_cursor(query.cursor)
    if cursor is None:
        return None
    first, last = period.bounds
    try:
        event_id, timestamp = ids.parse("EVT", cursor["eventId"]["S"]), cursor["timestamp"]["S"]
        if set(cursor) != _CURSOR_FIELDS or normalize_timestamp(timestamp) != timestamp:
            raise ValueError("forged")
    except (KeyError, ValueError, ids.InvalidId):
        raise InvalidCursor("cursor: expected the X-Next-Cursor of an earlier page") from None
    if not first <= timestamp <= last:
        raise InvalidCursor("cursor: it belongs to another period")
    values = {"eventId": event_id, "timestamp": timestamp, **index_key}
    return {name: {"S": value} for name, value in values.items()}
