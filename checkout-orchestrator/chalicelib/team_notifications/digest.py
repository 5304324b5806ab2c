"""Mail the team once a day what happened."""

from collections import Counter, defaultdict
from datetime import date, timedelta

from chalicelib.discrepancies import tickets
from chalicelib.notifications import channels
from chalicelib.notifications.notices import NoticeKind
from chalicelib.readmodels.orders import name_order, order_key
from chalicelib.team_notifications.models import TeamNotification
from chalicelib.team_notifications.schemas import Audience, DigestResult, DigestStatus
from common import clock, dynamodb, ids, settings
from common.batch_reads import BatchReader

_AUDIENCE = "digest"  # of its rows: nobody is subscribed
_MAX_NUMBERS = 20  # orders that a line names; the list has them all
_HEADINGS = {
    (Audience.INVENTORY, NoticeKind.ORDER_CONFIRMED): "Orders to pick",
    (Audience.INVENTORY, NoticeKind.PICKING_WITHDRAWN): "Orders withdrawn, not to be shipped",
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
    orders: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for audience in Audience:
        is_of_day = TeamNotification.received_at.between(*clock.day_bounds(day, day))
        for row in TeamNotification.by_audience.query(audience, is_of_day):
            about = audience.value, row.kind
            counts[about] += 1
            if row.order_id and len(orders[about]) < _MAX_NUMBERS:
                orders[about].append(row.order_id)
    known = [about for about in _HEADINGS if counts[about]]
    return [_line(_HEADINGS[about], counts[about], _list_numbers(orders[about])) for about in known]


def _list_numbers(order_ids: list[str]) -> list[str]:
    reader = BatchReader()
    reader.read(*(order_key(order_id) for order_id in order_ids))
    return [f"#{name_order(each, reader.find(order_key(each)))}" for each in order_ids]


def _line(heading: str, count: int, numbers: list[str]) -> str:
    rest = f" and {count - len(numbers)} more" if count > len(numbers) else ""
    return f"{heading}: {count}\n{' '.join(numbers)}{rest}"


def _list_discrepancies() -> list[str]:
    count = tickets.count_open()
    return [f"Discrepancies open: {count}"] if count else []


def _last_day() -> date:
    """The day before today, in the shop's time zone."""
    return date.fromisoformat(clock.shop_day(clock.now())) - timedelta(days=1)
