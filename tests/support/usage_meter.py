"""What the shop asks of AWS, counted while it happens on the local cloud: for a request, and for an order from BUY NOW to the last consumer."""

import re
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import httpx

from common import ids
from delivery.paths import SERVICES
from devcloud import logs
from devcloud.faults import Faults
from tests.support.actors import Customer, ok, until
from tests.support.probe import Sight

Counts = dict[
    str, float
]  # by what is counted: "requests dynamodb", "reads", "invocations cart-service clear-cart"
Row = dict[str, Any]

# Asked once by each process, which on the local cloud may be at any call.
_ONCE = re.compile("secretsmanager:|ssm:|aws:GetCallerIdentity|sqs:GetQueueUrl")
_QUIET_SECONDS = 1.5


def of_request(
    faults: Faults, service: str, ask: Callable[[dict[str, str]], httpx.Response]
) -> Counts:
    """What the Lambda of the routes asks for a request."""
    mark = f"counted-{uuid.uuid4().hex}"
    faults.meter([mark])
    answer = ask({"X-Correlation-Id": mark})
    assert answer.is_success, f"{answer.request.url}: {answer.status_code} {answer.text}"
    faults.meter([])
    own = [row for row in faults.metered([mark]) if row["function"] == f"{service}-local"]
    return _requests(row for row in own if row["call"] != "invocation")


def of_order(sight: Sight, faults: Faults, customer: Customer, goods: str) -> tuple[str, Counts]:
    """All that is done for an order of one product, which nobody ordered before, paid by card: from POST /checkout on; with its id."""
    key, mark = uuid.uuid4().hex, f"counted-{uuid.uuid4().hex}"
    order_id = ids.deterministic("ORDER", customer.user_id, key)
    customer.put_in_cart(goods, 1)
    marks = {mark, ids.suffix(order_id), ids.suffix(goods)}
    faults.meter(marks)
    began = int(time.time() * 1000)
    body = {"method": "CARD", "paymentMethod": "pm_card_visa"}
    headers = {"Idempotency-Key": key, "X-Correlation-Id": mark}
    assert (
        ok(customer.http.post("/checkout", json=body, headers=headers), 202)["orderId"] == order_id
    )
    rows = _when_quiet(sight, faults, marks, ids.suffix(order_id))
    states = _states(sight, ids.suffix(order_id))
    counts = Counter(_requests(row for row in rows if row["call"] != "invocation"))
    counts.update(_invocations(row for row in rows if row["call"] == "invocation"))
    counts["events"] += states.count("PublishEvent")
    counts["transitions"] = len(states) + 1  # and the start
    counts["kilobytes of logs"] = round(_logged(sight, began, marks) / 1000)
    faults.meter([])
    return order_id, dict(counts)


def _requests(rows: Iterable[Row]) -> Counts:
    """Requests by service, DynamoDB's units, and events."""
    counts: Counter[str] = Counter()
    for row in rows:
        if not _ONCE.match(row["call"]):
            counts[f"requests {_service(row['call'])}"] += 1
        counts.update({name: row[name] for name in ("reads", "writes", "events") if row.get(name)})
    return dict(counts)


def _invocations(rows: Iterable[Row]) -> Counts:
    """Invocations by function, with each message of a batch as one of its own, and the messages: what comes again is counted once."""
    counts: Counter[str] = Counter()
    seen: set[tuple[str, str]] = set()
    for row in rows:
        fresh = {(row["function"], record) for record in row["records"]} - seen
        seen |= fresh
        counts[f"invocations {row['function'].replace('-local', '')}"] += (
            len(fresh) if row["records"] else 1
        )
    counts["messages"] = len({record for _, record in seen if record.startswith("aws:sqs ")})
    return dict(counts)


def _service(call: str) -> str:
    service, _, operation = call.partition(":")
    if service == "aws":  # the older protocol does not name it
        return {"SendEmail": "ses", "SendRawEmail": "ses", "Publish": "sns"}.get(
            operation, operation
        )
    return service if operation else "gateway"


def _when_quiet(sight: Sight, faults: Faults, marks: set[str], ulid: str) -> list[Row]:
    """What was counted, as soon as the saga has ended, the queues are empty, and nothing was done for a while."""
    until(lambda: _states(sight, ulid)[-1:], lambda last: last == ["PublishEvent"], 60)
    seen, since = -1, time.monotonic()
    end = since + 60
    while time.monotonic() - since < _QUIET_SECONDS:
        assert time.monotonic() < end, "the consumers of an order's news do not come to rest"
        if (count := len(faults.metered(marks))) != seen:
            seen, since = count, time.monotonic()
        time.sleep(0.1)
    return faults.metered(marks)


def _states(sight: Sight, ulid: str) -> list[str]:
    """The states that the order's saga entered, in turn."""
    client = sight.client("stepfunctions")
    arn = f"arn:aws:states:us-east-1:000000000000:execution:checkout-orchestrator:{ulid}"
    try:
        pages = client.get_paginator("get_execution_history").paginate(executionArn=arn)
        events = [event for page in pages for event in page["events"]]
    except client.exceptions.ExecutionDoesNotExist:
        return []
    return [
        event["stateEnteredEventDetails"]["name"]
        for event in events
        if "stateEnteredEventDetails" in event
    ]


def _logged(sight: Sight, since: int, marks: set[str]) -> int:
    """Bytes that Lambdas logged about this."""
    entries = [entry for name in SERVICES for entry in logs.entries(sight.shop.cloud, name, since)]
    return sum(
        len(entry.text.encode()) for entry in entries if any(mark in entry.text for mark in marks)
    )
