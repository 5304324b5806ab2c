"""Mail the team once a day what happened."""

from collections import Counter, defaultdict
from datetime import date, timedelta

from chalicelib.discrepancies import tickets
from chalicelib.notifications import channels
from chalicelib.notifications.notices import NoticeKind
from chalicelib.readmodels.orders import order_key, shown_number
from chalicelib.team_notifications.models import TeamNotification
from chalicelib.team_notifications.schemas import Audience, DigestResult, DigestStatus
from common import clock, dynamodb, ids, settings
from common.batch_reads import BatchReader

_AUDIENCE = "digest"  # of its rows: nobody is subscribed
_MAX_NAMED = 20  # in a line; the list has them all
_HEADINGS = {
    (Audience.INVENTORY, NoticeKind.ORDER_CONFIRMED): "Orders to pick",
    (Audience.INVENTORY, NoticeKind.PICKING_WITHDRAWN): "Orders withdrawn, not to be shipped",
    (Audience.INVENTORY, NoticeKind.STOCK_LOW): "Products nearly sold out",
    (Audience.ADMIN, NoticeKind.ORDER_CONFIRMED): "Orders paid",
    (Audience.ADMIN, NoticeKind.ORDER_FAILED): "Orders failed",
    (Audience.ADMIN, NoticeKind.DISPUTE_OPEN): "Disputes opened, to be answered at the gateway",
    (Audience.ADMIN, NoticeKind.DISPUTE_WON): "Disputes won",
    (Audience.ADMIN, NoticeKind.DISPUTE_LOST): "Disputes lost",
}


def mail_digest(day: date | None) -> DigestResult:
    """Mail what happened on a day, to the addresses that the stage names. Idempotent.

    Nothing is mailed of a day without events while no discrepancy is open. What arrives after
    the digest of its day is counted in the next one.
    """
    day = day or _last_day()
    return DigestResult(day.isoformat(), _mail_once(day))


def _mail_once(day: date) -> DigestStatus:
    addresses = (settings.optional("DIGEST_EMAILS") or "").split()
    if not addresses:
        return DigestStatus.NO_ADDRESS
    identity = ids.deterministic("NOTIF", _AUDIENCE, day)
    if dynamodb.find(TeamNotification, identity):
        return DigestStatus.ALREADY_MAILED
    lines = [*_list_events(day), *_list_discrepancies()]
    if not lines:
        return DigestStatus.NOTHING_HAPPENED
    subject, message = f"The shop on {day}", "\n\n".join(lines)
    channels.mail_team(addresses, subject, message)
    TeamNotification(
        identity, audience=_AUDIENCE, kind="DIGEST", subject=subject, message=message
    ).save()
    return DigestStatus.MAILED


def _list_events(day: date) -> list[str]:
    """A line for each kind of notification that arrived on that day."""
    counts: Counter[tuple[str, str]] = Counter()
    named: defaultdict[tuple[str, str], list[TeamNotification]] = defaultdict(list)
    for audience in Audience:
        is_of_day = TeamNotification.received_at.between(*clock.day_bounds(day, day))
        for row in TeamNotification.by_audience.query(audience, is_of_day):
            about = audience.value, row.kind
            counts[about] += 1
            if len(named[about]) < _MAX_NAMED:
                named[about].append(row)
    known = [about for about in _HEADINGS if counts[about]]
    return [_line(_HEADINGS[about], counts[about], _list_names(named[about])) for about in known]


def _list_names(rows: list[TeamNotification]) -> list[str]:
    """What the notifications are about: the numbers of orders, or their subjects."""
    reader = BatchReader()
    reader.read(*(order_key(row.order_id) for row in rows if row.order_id))
    return [_name(row, reader) for row in rows]


def _name(row: TeamNotification, reader: BatchReader) -> str:
    if not row.order_id:
        return row.subject
    return f"#{shown_number(row.order_id, reader.find(order_key(row.order_id)))}"


def _line(heading: str, count: int, names: list[str]) -> str:
    rest = f" and {count - len(names)} more" if count > len(names) else ""
    return f"{heading}: {count}\n{', '.join(names)}{rest}"


def _list_discrepancies() -> list[str]:
    count = tickets.count_open()
    return [f"Discrepancies open: {count}"] if count else []


def _last_day() -> date:
    """The day before today, in the shop's time zone."""
    return date.fromisoformat(clock.shop_day(clock.now())) - timedelta(days=1)
