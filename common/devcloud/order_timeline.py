"""Build one order's timeline from the saga's history and all services' logs."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from common import clock, money
from delivery.clouds import Cloud
from delivery.paths import SERVICES
from devcloud import logs

_MACHINE = "checkout-orchestrator"
_SAGA = "saga"
_EARLIER_MS = 60_000  # before the order: the requests that made it
_EXECUTION_EVENTS = ("ExecutionStarted", "ExecutionSucceeded", "ExecutionAborted")


class OrderUnknown(LookupError):
    """There is no order of this id."""


@dataclass(frozen=True, order=True)
class Moment:
    """Something that happened, at a time in epoch milliseconds."""

    at: int
    where: str
    what: str
    is_error: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Timeline:
    """An order, and what happened because of it, oldest first."""

    order_id: str
    status: str
    total: str
    customer: str
    correlation_id: str
    moments: list[Moment]

    def summary(self) -> str:
        """Return one line about the order."""
        return (
            f"{self.order_id} is {self.status}: {self.total}, {self.customer};"
            f" correlation id {self.correlation_id}"
        )

    @property
    def began_at(self) -> int:
        """The first moment, in epoch milliseconds."""
        return self.moments[0].at if self.moments else 0

    def rows(self) -> Iterator[tuple[str, str, str, str]]:
        """Yield seconds since the first moment, `!` for an error, where, what."""
        for moment in self.moments:
            seconds = f"{(moment.at - self.began_at) / 1000:.3f}"
            yield seconds, "!" if moment.is_error else " ", moment.where, moment.what

    def as_json(self) -> dict[str, Any]:
        """Return the timeline for a program, with ISO 8601 times."""
        moments = [
            {
                "at": clock.iso(moment.at / 1000),
                "where": moment.where,
                "what": moment.what,
                "isError": moment.is_error,
            }
            for moment in self.moments
        ]
        order = {name: value for name, value in asdict(self).items() if name != "moments"}
        return {**{_camel_case(name): value for name, value in order.items()}, "moments": moments}


def build(cloud: Cloud, order: str) -> Timeline:
    """Read an order's timeline, by an id such as `ORDER#...` or the bare ULID.

    Raises: OrderUnknown when there is none.
    """
    ulid = order.removeprefix("ORDER#").upper()
    row = cloud.client("dynamodb").get_item(
        TableName="Orders", Key={"orderId": {"S": f"ORDER#{ulid}"}}
    )
    if "Item" not in row:
        raise OrderUnknown(
            f"There is no order {order}: expected an id such as ORDER#01JA2M9Q6T0000000000000000."
        )
    item = {name: next(iter(value.values())) for name, value in row["Item"].items()}
    correlation_id = str(item.get("correlationId", ""))
    since = logs.epoch_milliseconds(str(item["createdAt"])) - _EARLIER_MS
    entries = _related_entries(cloud, since, correlation_id, ulid)
    return Timeline(
        order_id=f"ORDER#{ulid}",
        status=item["status"],
        total=money.format_amount(int(item["totalMinor"]), item["currency"]),
        customer=item["userId"],
        correlation_id=correlation_id,
        moments=sorted([*saga_moments(_history(cloud, ulid)), *log_moments(entries)]),
    )


def saga_moments(history: Iterable[dict[str, Any]]) -> Iterator[Moment]:
    """Yield the saga's states with their durations, its errors and its end."""
    entered: dict[str, int] = {}
    for event in history:
        at, kind = int(event["timestamp"].timestamp() * 1000), event["type"]
        if kind.endswith("StateEntered"):
            entered[event["stateEnteredEventDetails"]["name"]] = at
        elif kind.endswith("StateExited"):
            name = event["stateExitedEventDetails"]["name"]
            began = entered.get(name, at)
            yield Moment(began, _SAGA, f"{name} ({at - began} ms)")
        elif error := _error(event):
            yield Moment(at, _SAGA, error, is_error=True)
        elif kind in _EXECUTION_EVENTS:
            what = f"the execution {kind.removeprefix('Execution').lower()}"
            yield Moment(at, _SAGA, what, kind.endswith("Aborted"))


def log_moments(entries: Iterable[logs.Entry]) -> Iterator[Moment]:
    """Yield the structured log lines, without others such as tracebacks."""
    for entry in entries:
        if entry.record:
            what = f"{entry.message} {entry.fields}".strip()
            yield Moment(entry.at, entry.function, what, entry.is_error)


def _history(cloud: Cloud, ulid: str) -> list[dict[str, Any]]:
    """Return the events of the order's execution, none if it never started."""
    client = cloud.client("stepfunctions")
    account = cloud.client("sts").get_caller_identity()["Account"]
    arn = f"arn:aws:states:{client.meta.region_name}:{account}:execution:{_MACHINE}:{ulid}"
    try:
        pages = client.get_paginator("get_execution_history").paginate(executionArn=arn)
        return [event for page in pages for event in page["events"]]
    except ClientError as exc:
        if exc.response["Error"]["Code"] == "ExecutionDoesNotExist":
            return []
        raise


def _related_entries(
    cloud: Cloud, since: int, correlation_id: str, ulid: str
) -> Iterator[logs.Entry]:
    """Yield what all services logged that names the order or its correlation id."""
    for service in SERVICES:
        for entry in logs.entries(cloud, service, since):
            if ulid in entry.text or (correlation_id and f'"{correlation_id}"' in entry.text):
                where = f"{service} {logs.short_name(entry.function, service)}".rstrip()
                yield logs.Entry(entry.received_at, where, entry.text)


def _error(event: dict[str, Any]) -> str | None:
    """Return the error of an event that has one."""
    details = [
        value for name, value in event.items() if name.endswith("EventDetails") and "error" in value
    ]
    if not details:
        return None
    error = f"{details[0]['error']}: {_message(str(details[0].get('cause', '')))}"[:200]
    return f"the execution ended with {error}" if event["type"].startswith("Execution") else error


def _message(cause: str) -> str:
    """Return a Lambda's error message from the JSON of a Step Functions cause."""
    try:
        return str(json.loads(cause)["errorMessage"])
    except (ValueError, KeyError, TypeError):
        return cause


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
