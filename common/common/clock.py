"""Timestamps of tables and of the wire, and days of the shop.

Timestamps are UTC, ISO 8601, milliseconds, `Z`. Days are in the shop's time zone.
"""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from common import settings


def now() -> str:
    """Return the current time, such as `2025-10-13T14:10:00.123Z`.

    Such strings sort by time.
    """
    return _iso(datetime.now(UTC))


def epoch() -> int:
    """Return the current Unix time in whole seconds, as in DynamoDB's time-to-live."""
    return int(datetime.now(UTC).timestamp())


def iso(seconds: float) -> str:
    """Format a Unix time like `now`."""
    return _iso(datetime.fromtimestamp(seconds, UTC))


def shop_day(timestamp: str) -> str:
    """Return the day of a timestamp in the shop's time zone, such as `2025-10-13`."""
    return datetime.fromisoformat(timestamp).astimezone(_shop_zone()).date().isoformat()


def day_bounds(first: date, last: date) -> tuple[str, str]:
    """Return the first and the last timestamp of these days in the shop's time zone."""
    zone, millisecond = _shop_zone(), timedelta(milliseconds=1)
    start = datetime.combine(first, time(), zone)
    end = datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC) - millisecond
    return _iso(start.astimezone(UTC)), _iso(end)


def _shop_zone() -> tzinfo:
    """The setting SHOP_TIME_ZONE, UTC by default. Raises: SettingWrong."""
    name = settings.text("SHOP_TIME_ZONE", "UTC")
    if name == "UTC":
        return UTC
    # boto3 brings it, with all time zones: AWS's image and the zips have none for zoneinfo.
    from dateutil import zoneinfo

    zone: tzinfo | None = zoneinfo.get_zonefile_instance().get(name)
    if zone is None:
        raise settings.SettingWrong(
            f"SHOP_TIME_ZONE must be a time zone such as Europe/Berlin, but is {name!r}"
        )
    return zone


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
