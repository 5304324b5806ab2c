"""Timestamps of tables and of the wire: UTC, ISO 8601, milliseconds, `Z`."""

from datetime import UTC, datetime


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


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
