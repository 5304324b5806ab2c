"""Messages of the topic to the team, the list for staff, and the digest."""

from datetime import date
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from common.schemas import Schema


class Audience(StrEnum):
    """Which part of the team: who runs the shop, and who picks."""

    ADMIN = "admin"
    INVENTORY = "inventory"


class PublishedNotification(msgspec.Struct, rename="camel", kw_only=True):
    """A message of the topic to the team, about an order if it names one."""

    notification_id: str
    audience: Audience
    type: str
    kind: str
    order_id: str | None = None
    subject: str
    message: str


class TeamNotificationsQuery(Schema):
    """Whose notifications, and how many on a page."""

    audience: Annotated[Audience, Meta(description="Of this part of the team.")]
    limit: Annotated[int, Meta(ge=1, le=100, description="Notifications per page.")] = 50
    cursor: Annotated[str | None, Meta(description="The `X-Next-Cursor` of the page before.")] = (
        None
    )


class ListedNotification(Schema):
    """A notification to the team."""

    notification_id: str
    audience: Audience
    kind: str
    subject: str
    message: str
    received_at: str
    order_id: str | None = None


class DigestRequest(msgspec.Struct):
    """Which day to mail, in the shop's time zone. By default yesterday."""

    day: date | None = None


class DigestStatus(StrEnum):
    """What became of a digest."""

    MAILED = "MAILED"
    ALREADY_MAILED = "ALREADY_MAILED"
    NOTHING_HAPPENED = "NOTHING_HAPPENED"
    NO_ADDRESS = "NO_ADDRESS"


class DigestResult(msgspec.Struct, rename="camel"):
    """The day, and whether its digest was mailed."""

    day: str
    status: DigestStatus
