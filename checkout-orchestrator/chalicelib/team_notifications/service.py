"""Store what the topic tells the team, and list it."""

from typing import Any

from chalicelib.team_notifications.models import ByAudience, TeamNotification
from chalicelib.team_notifications.schemas import (
    Audience,
    ListedNotification,
    PublishedNotification,
    TeamNotificationsQuery,
)
from common import dynamodb
from common.pages import InvalidCursor, Page, decode_cursor, encode_cursor

_MAX_KEY_LENGTH = 128  # of a cursor's values; DynamoDB rejects keys above a kilobyte


def store(published: PublishedNotification) -> None:
    """Store a notification when it first arrives. Idempotent."""
    notification = TeamNotification(
        published.notification_id,
        audience=published.audience,
        kind=published.kind,
        order_id=published.order_id,
        subject=published.subject,
        message=published.message,
    )
    dynamodb.save_if(notification, TeamNotification.notification_id.does_not_exist())


def list_notifications(query: TeamNotificationsQuery) -> Page[ListedNotification]:
    """Return a page of an audience's notifications, newest first.

    Eventually consistent.

    Raises: InvalidCursor when the cursor is not one of this list.
    """
    start = decode_cursor(query.cursor)
    if start is not None:
        _validate_start(query.audience, start)
    rows = TeamNotification.by_audience.query(
        query.audience,
        scan_index_forward=False,
        limit=query.limit,
        page_size=query.limit,
        last_evaluated_key=start,
    )
    notifications = [_view(row) for row in rows]
    return Page(notifications, encode_cursor(rows.last_evaluated_key))


def _view(row: TeamNotification) -> ListedNotification:
    return ListedNotification(
        notification_id=row.notification_id,
        audience=Audience(row.audience),
        kind=row.kind,
        order_id=row.order_id,
        subject=row.subject,
        message=row.message,
        received_at=row.received_at,
    )


def _validate_start(audience: Audience, start: dict[str, Any]) -> None:
    """Reject forged cursors, which DynamoDB would answer with an internal error."""
    names = (ByAudience.audience, ByAudience.received_at, TeamNotification.notification_id)
    values = {name: value.get("S") or "" for name, value in start.items()}
    if (
        values.keys() != {str(name.attr_name) for name in names}
        or not all(0 < len(value) <= _MAX_KEY_LENGTH for value in values.values())
        or values["audience"] != audience
    ):
        raise InvalidCursor("cursor: expected the X-Next-Cursor of an earlier page of this list")
