"""Record events once, list them, and report what they add up to."""

from typing import Any

from chalicelib.analytics import messages, periods, reports, search, stream_changes
from chalicelib.analytics.facts import Fact
from chalicelib.analytics.models import EventLog
from chalicelib.analytics.schemas import DayReport, EventQuery, LoggedEvent, ReportQuery
from common import dynamodb, events, log, streams, transactions
from common.pages import Page


def record_change(change: streams.Change) -> None:
    """Record a change of an order, a payment or a stock if it is an event. Idempotent.

    Raises: ChangeNotUnderstood, and TransactionContended, after which a retry helps.
    """
    fact = stream_changes.parse_change(change)
    if fact:
        record(fact)


def record_message(message: dict[str, Any]) -> None:
    """Record InventoryUpdated, StaffActed or a parked stream record. Idempotent.

    Raises: EventNotUnderstood, and what `record_change` raises.
    """
    if "dynamodb" in message:
        record_change(streams.read(message))
    elif message.get("detail-type") == events.StaffActed.detail_type:
        record(messages.parse_staff_acted(message))
    else:
        record(messages.parse_inventory_updated(message))


def record_order_done(message: dict[str, Any]) -> None:
    """Record a purchase with its revenue and units. Idempotent.

    Raises: EventNotUnderstood, InvalidAmount, TransactionContended.
    """
    record(messages.parse_order_done(message))


def record(fact: Fact) -> None:
    """Log the fact and add it to the report of its day, both or neither. Idempotent.

    Raises: TransactionContended when others keep adding to the same rows.
    """
    row = EventLog(
        fact.event_id,
        event_type=fact.event_type.value,
        user_id=fact.user_id,
        metadata={name: value for name, value in fact.metadata.items() if value is not None},
        timestamp=fact.timestamp,
        day=fact.day,
    )
    is_new = _write_once(row, reports.additions(fact))
    if not is_new:
        log.logger.info(
            "repeat dropped", extra={"eventId": fact.event_id, "eventType": fact.event_type}
        )


def list_events(query: EventQuery) -> Page[LoggedEvent]:
    """Return a page of the event log, newest first.

    Without a user, a type or a period: of the latest `periods.MAX_DAYS` days.

    Raises: PeriodInvalid, InvalidId, InvalidCursor.
    """
    page = search.find_page(query)
    return Page([search.event_view(row) for row in page.items], page.cursor)


def list_reports(query: ReportQuery) -> list[DayReport]:
    """Return the report of each day of the period, oldest first.

    Raises: PeriodInvalid.
    """
    period = periods.parse(query.day, query.first, query.last) or periods.today()
    return [reports.get_day_report(day) for day in period.days]


def _write_once(row: EventLog, additions: list[transactions.Operation]) -> bool:
    """Write the row and what it adds. False if the row exists.

    A row without additions is written without a transaction, which would cost twice as much.
    """
    is_absent = EventLog.event_id.does_not_exist()
    if not additions:
        return dynamodb.save_if(row, is_absent)
    try:
        transactions.write(transactions.put(row, is_absent), *additions)
    except transactions.TransactionCancelled:
        return False
    return True
