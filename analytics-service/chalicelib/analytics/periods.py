"""The days of a query."""

from dataclasses import dataclass
from datetime import date, timedelta

from chalicelib.analytics.errors import PeriodInvalid
from common import clock

MAX_DAYS = 92


@dataclass(frozen=True)
class Period:
    """The days from first to last, both included."""

    first: date
    last: date

    @property
    def days(self) -> list[str]:
        """Its days, oldest first."""
        length = (self.last - self.first).days + 1
        return [(self.first + timedelta(days=number)).isoformat() for number in range(length)]

    @property
    def bounds(self) -> tuple[str, str]:
        """Its first and its last timestamp."""
        if self == ALL_TIME:
            return date.min.isoformat(), f"{date.max.isoformat()}T23:59:59.999Z"
        return clock.day_bounds(self.first, self.last)


ALL_TIME = Period(date.min, date.max)


def today() -> Period:
    """Return the present day in the shop's time zone."""
    return latest(1)


def latest(days: int) -> Period:
    """Return this many days, of which today is the last."""
    last = date.fromisoformat(clock.shop_day(clock.now()))
    return Period(last - timedelta(days=days - 1), last)


def parse(day: date | None, first: date | None, last: date | None) -> Period | None:
    """Return the period of a query, or None if the query names none.

    Raises: PeriodInvalid.
    """
    if day and (first or last):
        raise PeriodInvalid("day: expected either day, or from and to")
    if day:
        return Period(day, day)
    if not (first or last):
        return None
    if not (first and last):
        raise PeriodInvalid("from, to: expected both or neither")
    if not 0 <= (last - first).days < MAX_DAYS:
        raise PeriodInvalid(f"from, to: expected 1 to {MAX_DAYS} days, the earlier one first")
    return Period(first, last)
