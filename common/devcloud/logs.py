"""Read what the Lambdas of a service logged."""

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from common import clock
from delivery.clouds import Cloud

_PLATFORM = ("START RequestId:", "END RequestId:", "REPORT RequestId:", "INIT_START")
_POLL_SECONDS = 1
# Fields with a column of their own, and those for machines.
_NOT_SHOWN = frozenset(
    {
        "timestamp",
        "level",
        "message",
        "location",
        "service",
        "correlation_id",
        "exception",
        "exception_name",
        "stack_trace",
        "function_name",
        "function",
        "orderId",
        "userId",
        "messageId",
        "order_id",
        "customer_id",
        "xray_trace_id",
        "_aws",
    }
)


@dataclass(frozen=True, order=True)
class Entry:
    """One log event: when it was received (epoch milliseconds), the Lambda, the line."""

    received_at: int
    function: str
    text: str

    @cached_property
    def record(self) -> dict[str, Any]:
        """The line's JSON, empty if it is not a structured line."""
        try:
            record = json.loads(self.text)
        except ValueError:
            return {}
        return record if isinstance(record, dict) and "message" in record else {}

    @property
    def at(self) -> int:
        """When the line was written, or else received, in epoch milliseconds."""
        try:
            return epoch_milliseconds(str(self.record.get("timestamp", "")).replace(",", "."))
        except ValueError:
            return self.received_at

    @property
    def time(self) -> str:
        """The time of day in UTC, to the millisecond."""
        return clock.iso(self.at / 1000).partition("T")[2].removesuffix("Z")

    @property
    def level(self) -> str:
        """The line's level, empty if it is not a structured line."""
        return str(self.record.get("level", ""))

    @property
    def message(self) -> str:
        """The line's message, or the whole line if it is not a structured one."""
        return str(self.record.get("message", self.text))

    @property
    def fields(self) -> str:
        """What else the line holds, as `name=value`."""
        return " ".join(
            f"{name}={_shorten(value)}"
            for name, value in self.record.items()
            if name not in _NOT_SHOWN
        )

    @property
    def is_error(self) -> bool:
        """Whether the line was logged as an error."""
        return self.level in ("ERROR", "CRITICAL")


def entries(cloud: Cloud, service: str, since: int = 0) -> list[Entry]:
    """List a service's log events since a time in epoch milliseconds, oldest first."""
    client = cloud.client("logs")
    groups = client.get_paginator("describe_log_groups").paginate(
        logGroupNamePrefix=f"/aws/lambda/{service}-"
    )
    names = [group["logGroupName"] for page in groups for group in page["logGroups"]]
    events = [entry for name in names for entry in _group_entries(client, name, since)]
    return sorted(events, key=lambda entry: entry.received_at)


def short_name(function: str, service: str) -> str:
    """Return a Lambda's name without service and stage, empty for that of the routes."""
    return function.removeprefix(f"{service}-").partition("-")[2]


def follow(cloud: Cloud, service: str, since: int) -> Iterator[Entry]:
    """Yield entries newer than `since` as they come, without end."""
    shown: set[Entry] = set()
    while True:
        fresh = [entry for entry in entries(cloud, service, since) if entry not in shown]
        yield from fresh
        if fresh:
            since = fresh[-1].received_at
            shown = {entry for entry in shown | set(fresh) if entry.received_at >= since}
        time.sleep(_POLL_SECONDS)


def epoch_milliseconds(text: str) -> int:
    """Return an ISO 8601 time, in UTC if it names no zone, as epoch milliseconds.

    Raises: ValueError when it is no time.
    """
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _group_entries(client: Any, group: str, since: int) -> Iterable[Entry]:
    function = group.removeprefix("/aws/lambda/")
    pages = client.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=since)
    for event in (event for page in pages for event in page["events"]):
        text = event["message"].rstrip()
        if not any(word in text for word in _PLATFORM):
            yield Entry(event["timestamp"], function, text)


def _shorten(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 60 else text[:57] + "..."
