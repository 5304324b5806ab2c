"""`make trace ORDER=...`: one order's whole story, put together from the saga's history and from what all services logged."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from common import clock, money
from delivery.clouds import Cloud
from delivery.paths import SERVICES
from devcloud import logs

_MACHINE = "checkout-orchestrator"
_SAGA = "saga"
_EARLIER_MS = 60_000  # before the order: the requests that made it
# What a log line has besides: for machines, or said already in another column.
_UNTOLD = {
    *(
        "timestamp",
        "level",
        "message",
        "location",
        "service",
        "correlation_id",
        "exception",
        "exception_name",
    ),
    *(
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
    ),
}


class OrderUnknown(LookupError):
    """There is no order of this id."""


@dataclass(frozen=True, order=True)
class Moment:
    """Something that happened: when (epoch milliseconds), where, what, and whether it went wrong."""

    at: int
    where: str
    what: str
    is_trouble: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Story:
    """An order, and what happened because of it, oldest first."""

    order_id: str
    status: str
    total: str
    customer: str
    correlation_id: str
    moments: list[Moment]

    def lines(self) -> Iterator[str]:
        """As a timeline for a terminal: seconds since the first moment, where, what; `!` marks what went wrong."""
        yield f"{self.order_id} is {self.status}: {self.total}, {self.customer}; correlation id {self.correlation_id}"
        first = self.moments[0].at if self.moments else 0
        yield f"The times are seconds after {clock.iso(first / 1000)}."
        width = max((len(moment.where) for moment in self.moments), default=0)
        for moment in self.moments:
            mark = "!" if moment.is_trouble else " "
            yield f"{(moment.at - first) / 1000:9.3f} s {mark} {moment.where:<{width}}  {moment.what}"


def story(cloud: Cloud, order: str) -> Story:
    """What happened to an order, given by its id, `ORDER#` or the bare ULID. Raises OrderUnknown. Reads only."""
    ulid = order.removeprefix("ORDER#").upper()
    row = cloud.client("dynamodb").get_item(
        TableName="Orders", Key={"orderId": {"S": f"ORDER#{ulid}"}}
    )
    if "Item" not in row:
        raise OrderUnknown(
            f"There is no order {order}: expected an id such as ORDER#01JA2M9Q6T0000000000000000."
        )
    item = {name: next(iter(value.values())) for name, value in row["Item"].items()}
    correlation = str(item.get("correlationId", ""))
    since = _milliseconds(str(item["createdAt"])) - _EARLIER_MS
    told = of_logs(_logged(cloud, since, correlation, ulid))
    return Story(
        order_id=f"ORDER#{ulid}",
        status=item["status"],
        total=money.format_amount(int(item["totalMinor"]), item["currency"]),
        customer=item["userId"],
        correlation_id=correlation,
        moments=sorted([*of_saga(_history(cloud, ulid)), *told]),
    )


def of_saga(history: Iterable[dict[str, Any]]) -> Iterator[Moment]:
    """The saga's states with what each took, its troubles, and its end, from Step Functions' history."""
    entered: dict[str, int] = {}
    for event in history:
        at, kind = int(event["timestamp"].timestamp() * 1000), event["type"]
        if kind.endswith("StateEntered"):
            entered[event["stateEnteredEventDetails"]["name"]] = at
        elif kind.endswith("StateExited"):
            name = event["stateExitedEventDetails"]["name"]
            began = entered.get(name, at)
            yield Moment(began, _SAGA, f"{name} ({at - began} ms)")
        elif trouble := _trouble(event):
            yield Moment(at, _SAGA, trouble, is_trouble=True)
        elif kind in ("ExecutionStarted", "ExecutionSucceeded", "ExecutionAborted"):
            yield Moment(
                at,
                _SAGA,
                f"the execution {kind.removeprefix('Execution').lower()}",
                kind.endswith("Aborted"),
            )


def of_logs(lines: Iterable[tuple[int, str, str]]) -> Iterator[Moment]:
    """What the Lambdas said, from (epoch milliseconds, function, line); a line that is not JSON is a trace of calls, and passed over."""
    for at, function, text in lines:
        try:
            line = json.loads(text)
        except ValueError:
            line = None
        if not isinstance(line, dict) or "message" not in line:
            continue
        rest = " ".join(
            f"{name}={_short(value)}" for name, value in line.items() if name not in _UNTOLD
        )
        said = f"{line['message']} {rest}".strip()
        yield Moment(_told_at(line, at), function, said, line.get("level") in ("ERROR", "CRITICAL"))


def _history(cloud: Cloud, ulid: str) -> list[dict[str, Any]]:
    """The events of the order's execution; none if its saga was never started."""
    client = cloud.client("stepfunctions")
    account = cloud.client("sts").get_caller_identity()["Account"]
    arn = f"arn:aws:states:{client.meta.region_name}:{account}:execution:{_MACHINE}:{ulid}"
    try:
        pages = client.get_paginator("get_execution_history").paginate(executionArn=arn)
        return [event for page in pages for event in page["events"]]
    except ClientError as refusal:
        if refusal.response["Error"]["Code"] == "ExecutionDoesNotExist":
            return []
        raise


def _logged(
    cloud: Cloud, since: int, correlation: str, ulid: str
) -> Iterator[tuple[int, str, str]]:
    """The lines of all services that name the order or its correlation id, with who said them: `cart-service clear-cart`."""
    for service in SERVICES:
        for at, line in logs.lines(cloud, service, since):
            function, _, text = line.partition("  ")
            if ulid in text or (correlation and f'"{correlation}"' in text):
                _, _, name = function.removeprefix(f"{service}-").partition("-")  # behind the stage
                yield at, f"{service} {name}".rstrip(), text


def _trouble(event: dict[str, Any]) -> str | None:
    """What went wrong, for the events that say that something did."""
    found = [
        value for name, value in event.items() if name.endswith("EventDetails") and "error" in value
    ]
    if not found:
        return None
    cause = str(found[0].get("cause", ""))
    told = f"{found[0]['error']}: {_message(cause)}"[:200]
    return f"the execution ended with {told}" if event["type"].startswith("Execution") else told


def _message(cause: str) -> str:
    """A Lambda's error message out of the JSON that Step Functions gives as the cause."""
    try:
        return str(json.loads(cause)["errorMessage"])
    except (ValueError, KeyError, TypeError):
        return cause


def _told_at(line: dict[str, Any], at: int) -> int:
    """When the line was written, as it says itself; else when it reached the log."""
    try:
        return _milliseconds(str(line.get("timestamp", "")).replace(",", "."))
    except ValueError:
        return at


def _milliseconds(text: str) -> int:
    found = datetime.fromisoformat(text)
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 60 else text[:57] + "..."
