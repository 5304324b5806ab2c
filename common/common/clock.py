"""The time, as it stands in tables and on the wire: UTC, ISO 8601, milliseconds, `Z`."""

from datetime import UTC, datetime


def now() -> str:
    """This moment, such as `2025-10-13T14:10:00.123Z`; such strings sort by time."""
    return _iso(datetime.now(UTC))


def epoch() -> int:
    """This moment in whole seconds since 1970, as DynamoDB's time-to-live wants it."""
    return int(datetime.now(UTC).timestamp())


def iso(seconds: float) -> str:
    """Seconds since 1970 in the shape of `now`."""
    return _iso(datetime.fromtimestamp(seconds, UTC))


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
