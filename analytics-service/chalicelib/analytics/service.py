"""The verbs of analytics: record what happened, once; look it up; add it up."""

from typing import Any

from pynamodb.exceptions import PutError

from chalicelib.analytics import changes, messages, periods, searches, totals
from chalicelib.analytics.facts import Fact
from chalicelib.analytics.models import EventLog
from chalicelib.analytics.schemas import DayReport, EventQuery, LoggedEvent, ReportQuery
from common import dynamodb, log, streams, transactions


def record_change(change: streams.Change) -> None:
    """Record what a change of an order, a payment or a stock means, if it means anything. Safe to repeat.

    Raises ChangeNotUnderstood, and TransactionContended where repeating it later helps.
    """
    fact = changes.read(change)
    if fact:
        record(fact)


def record_message(message: dict[str, Any]) -> None:
    """Record an InventoryUpdated event, or a stream record that was parked. Safe to repeat.

    Raises EventNotUnderstood, and what `record_change` raises.
    """
    if "dynamodb" in message:
        record_change(streams.read(message))
    else:
        record(messages.read_inventory_updated(message))


def record_order_done(message: dict[str, Any]) -> None:
    """Record a purchase with its revenue and units. Safe to repeat; raises EventNotUnderstood."""
    record(messages.read_order_done(message))


def record(fact: Fact) -> None:
    """Log the fact and add it to the report of its day, both or neither; a repeat changes nothing.

    Raises TransactionContended if others kept adding to the same rows.
    """
    row = EventLog(
        fact.event_id,
        event_type=fact.event_type.value,
        user_id=fact.user_id,
        metadata={name: value for name, value in fact.metadata.items() if value is not None},
        timestamp=fact.timestamp,
        day=fact.day,
    )
    if not _written(row, totals.additions(fact)):
        log.logger.info(
            "repeat dropped", extra={"eventId": fact.event_id, "eventType": fact.event_type}
        )


def _written(row: EventLog, additions: list[transactions.Operation]) -> bool:
    """Whether the row is new; then it is there now, with what it adds. One row alone needs no transaction, which costs twice."""
    is_new = EventLog.event_id.does_not_exist()
    try:
        if additions:
            transactions.write(transactions.put(row, is_new), *additions)
        else:
            row.save(condition=is_new)
    except transactions.TransactionCancelled:
        return False
    except PutError as refusal:
        if not dynamodb.is_condition_failure(refusal):
            raise
        return False
    return True


def events(query: EventQuery) -> tuple[list[LoggedEvent], str | None]:
    """A page of the event log, newest first, and the cursor of the next one.

    Without a user, a type or a period: of the last MOST_DAYS days. Raises PeriodInvalid, InvalidId, InvalidCursor.
    """
    rows, cursor = searches.newest(query)
    return [searches.shown(row) for row in rows], cursor


def reports(query: ReportQuery) -> list[DayReport]:
    """What each day of the period added up to, oldest first; also of days on which nothing happened.

    Raises PeriodInvalid.
    """
    period = periods.asked(query.day, query.first, query.last) or periods.today()
    return [totals.of_day(day) for day in period.days]
