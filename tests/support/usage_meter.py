"""Counts what a request and a whole order ask of AWS, on the local cloud."""

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
from tests.support.actors import Customer, ok, poll_until
from tests.support.probe import ShopProbe

# By what is counted: "requests dynamodb", "reads", "invocations cart-service-clear-cart".
Counts = dict[str, float]
Row = dict[str, Any]

# Each process calls these once, or once for a version of the search index, which on the local
# cloud may be at any request.
_ONCE = re.compile(
    "secretsmanager:|ssm:|aws:GetCallerIdentity|sqs:GetQueueUrl|GET|dynamodb:GetItem SearchIndex"
)
# Takes changes in batches: how many depends on the moment.
_BATCHED = "product-service-local-on-search-index-queue"
_QUIET_SECONDS = 1.5


def measure_request(
    faults: Faults, service: str, send: Callable[[dict[str, str]], httpx.Response]
) -> Counts:
    """Send a request, and count what the service's API Lambda asks of AWS."""
    tag = f"counted-{uuid.uuid4().hex}"
    faults.meter([tag])
    response = send({"X-Correlation-Id": tag})
    assert response.is_success, f"{response.request.url}: {response.status_code} {response.text}"
    faults.meter([])
    own = [row for row in faults.metered([tag]) if row["function"] == f"{service}-local"]
    return _requests(row for row in own if row["call"] != "invocation")


def measure_order(
    probe: ShopProbe, faults: Faults, customer: Customer, goods: str, terms: Row
) -> Counts:
    """Buy a new product. Returns what that asked of AWS.

    Counted from POST /checkout until the last consumer is done.
    """
    key, tag = uuid.uuid4().hex, f"counted-{uuid.uuid4().hex}"
    order_id = ids.deterministic("ORDER", customer.user_id, key)
    customer.add_to_cart(goods, 1)
    tags = {tag, ids.suffix(order_id), ids.suffix(goods)}
    faults.meter(tags)
    began = int(time.time() * 1000)
    body = {"method": "CARD", "paymentMethod": "pm_card_visa", **terms}
    headers = {"Idempotency-Key": key, "X-Correlation-Id": tag}
    assert (
        ok(customer.http.post("/checkout", json=body, headers=headers), 202)["orderId"] == order_id
    )
    rows = [
        row
        for row in _await_quiet(probe, faults, tags, ids.suffix(order_id))
        if row["function"] != _BATCHED
    ]
    states = _states(probe, ids.suffix(order_id))
    counts = Counter(_requests(row for row in rows if row["call"] != "invocation"))
    counts.update(_invocations(row for row in rows if row["call"] == "invocation"))
    counts["events"] += states.count("PublishEvent")
    counts["transitions"] = len(states) + 1  # the start is one, too
    counts["kilobytes of logs"] = round(_logged_bytes(probe, began, tags) / 1000)
    faults.meter([])
    return dict(counts)


def _requests(rows: Iterable[Row]) -> Counts:
    """Requests by service, DynamoDB's units, and events."""
    counts: Counter[str] = Counter()
    for row in rows:
        if _ONCE.match(row["call"]):
            continue
        counts[f"requests {_service(row['call'])}"] += 1
        counts.update({name: row[name] for name in ("reads", "writes", "events") if row.get(name)})
    return dict(counts)


def _invocations(rows: Iterable[Row]) -> Counts:
    """Invocations by function, one for each message of a batch, and messages.

    What is delivered again is counted once.
    """
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
    if service == "aws":  # the query protocol does not name the service
        return {"SendEmail": "ses", "SendRawEmail": "ses", "Publish": "sns"}.get(
            operation, operation
        )
    return service if operation else "gateway"


def _await_quiet(probe: ShopProbe, faults: Faults, tags: set[str], ulid: str) -> list[Row]:
    """What was counted, once the saga has ended and nothing was counted for a while."""
    poll_until(lambda: _states(probe, ulid)[-1:], lambda last: last == ["PublishEvent"], 60)
    seen, since = -1, time.monotonic()
    end = since + 60
    while time.monotonic() - since < _QUIET_SECONDS:
        assert time.monotonic() < end, "the consumers of an order's events do not come to rest"
        if (count := len(faults.metered(tags))) != seen:
            seen, since = count, time.monotonic()
        time.sleep(0.1)
    return faults.metered(tags)


def _states(probe: ShopProbe, ulid: str) -> list[str]:
    """The states that the order's saga entered, in order."""
    client = probe.client("stepfunctions")
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


def _logged_bytes(probe: ShopProbe, since: int, tags: set[str]) -> int:
    """How many bytes Lambdas logged under these tags."""
    entries = [entry for name in SERVICES for entry in logs.entries(probe.shop.cloud, name, since)]
    return sum(
        len(entry.text.encode()) for entry in entries if any(tag in entry.text for tag in tags)
    )
