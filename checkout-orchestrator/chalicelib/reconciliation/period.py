"""The days that a reconciliation is about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from chalicelib.payments.models import Payment
from chalicelib.readmodels.orders import OFFER_SECONDS
from chalicelib.reconciliation.errors import DayInvalid
from common import clock

_DAY_SECONDS = 24 * 3600
_CLOCK_SKEW_SECONDS = 300  # between the shop and a gateway
_INTENT_SECONDS = OFFER_SECONDS + 900  # after the payment's row, by which its intent is there


@dataclass(frozen=True)
class Period:
    """Some days (UTC), the last one first."""

    days: Sequence[str]

    @property
    def since(self) -> int:
        """When it begins, as Unix time."""
        return _midnight(self.days[-1])

    @property
    def until(self) -> int:
        """When it has ended, as Unix time."""
        return _midnight(self.days[0]) + _DAY_SECONDS

    def covers(self, payment: Payment | None) -> bool:
        """Whether the payment's intent was certainly created in these days."""
        if payment is None or payment.intent_id is None:
            return False
        begun = payment.created_at
        first = clock.iso(self.since + _CLOCK_SKEW_SECONDS)
        return first <= begun < clock.iso(self.until - _INTENT_SECONDS)


def parse_period(last: str | None, count: int) -> Period:
    """Return `count` days up to `last`, by default yesterday (UTC).

    Raises: DayInvalid.
    """
    today = datetime.now(UTC).date()
    final = today - timedelta(days=1) if last is None else _parse_day(last)
    if final > today:
        raise DayInvalid(f"{last} has not begun yet; today is {today} (UTC)")
    return Period([(final - timedelta(days=back)).isoformat() for back in range(count)])


def _parse_day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise DayInvalid(f"{text!r} is not a day such as 2026-11-22")
    return day


def _midnight(day: str) -> int:
    return int(datetime.combine(date.fromisoformat(day), time(), UTC).timestamp())
