"""Everything is delivered again much later.

By then the gateways have forgotten idempotency keys, and Step Functions the execution's name.
"""

import json
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from tests.chaos import queued_work, scenarios, stripe_api
from tests.chaos.harness import ChaosHarness
from tests.chaos.scenarios import Outcome
from tests.support.actors import poll_until

_SCENARIOS = (
    scenarios.buy_by_card,
    scenarios.pay_with_declined_card,
    scenarios.pay_by_upi,
    scenarios.cancel_while_waiting,
    scenarios.refund_one_item,
)
_MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:checkout-orchestrator"
_DELAYS = {
    "eleven minutes": 11 * 60,
    "twenty-five hours": 25 * 3600,
    "ninety-one days": 91 * 24 * 3600,
}


@contextmanager
def archived_events(harness: ChaosHarness) -> Iterator[list[dict[str, Any]]]:
    """All events that are put on the bus while this lasts."""
    events, sqs, name = (
        harness.probe.client("events"),
        harness.probe.client("sqs"),
        f"archive-{uuid.uuid4().hex[:8]}",
    )
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    pattern = json.dumps({"source": ["commerce.orders", "commerce.payments", "commerce.checkout"]})
    events.put_rule(Name=name, EventBusName="commerce", EventPattern=pattern)
    events.put_targets(Rule=name, EventBusName="commerce", Targets=[{"Id": name, "Arn": arn}])
    archive: list[dict[str, Any]] = []
    try:
        yield archive
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            archive += [json.loads(message["Body"]) for message in messages]
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    finally:
        events.remove_targets(Rule=name, EventBusName="commerce", Ids=[name])
        events.delete_rule(Name=name, EventBusName="commerce")
        sqs.delete_queue(QueueUrl=url)


def replay(harness: ChaosHarness, archive: list[dict[str, Any]]) -> None:
    """Put every event on the bus again."""
    bus = harness.probe.client("events")
    for event in archive:
        entry = {
            "EventBusName": "commerce",
            "Source": event["source"],
            "DetailType": event["detail-type"],
        }
        answer = bus.put_events(Entries=[{**entry, "Detail": json.dumps(event["detail"])}])
        assert answer["FailedEntryCount"] == 0


def restart_saga(harness: ChaosHarness, order_id: str) -> None:
    """Start the order's saga again under a new name, as after 90 days."""
    machine, short = harness.probe.client("stepfunctions"), order_id.split("#")[1]
    saga_input = json.dumps(
        {"orderId": order_id, "userId": "USER#nobody", "correlationId": f"again-{short}"}
    )
    execution = machine.start_execution(
        stateMachineArn=_MACHINE, name=f"{short}-{uuid.uuid4().hex[:6]}", input=saga_input
    )["executionArn"]
    poll_until(
        lambda: machine.describe_execution(executionArn=execution)["status"],
        lambda now: now != "RUNNING",
        60,
    )


def redrive(harness: ChaosHarness, letters: list[queued_work.Message]) -> None:
    """Put messages into the dead-letter queues, and redrive them."""
    sqs = harness.probe.client("sqs")
    for queue, letter in letters:
        url = sqs.get_queue_url(QueueName=f"{queue}-dlq")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(letter))
    harness.tally["dead letters redriven"] += harness.redrive()


@pytest.fixture(scope="module")
def past(harness: ChaosHarness) -> tuple[list[Outcome], list[dict[str, Any]]]:
    """The outcomes of all scenarios, and their events."""
    with archived_events(harness) as archive:
        with ThreadPoolExecutor(len(_SCENARIOS)) as pool:
            shoppers = harness.get_shoppers(len(_SCENARIOS))
            outcomes = list(pool.map(lambda run, person: run(person), _SCENARIOS, shoppers))
        harness.drain_queues(60)
        time.sleep(1)
    harness.assert_consistent([outcome.order_id for outcome in outcomes])
    assert len(archive) > len(outcomes), "the archive has too few events"
    return outcomes, archive


@pytest.mark.parametrize("delay", _DELAYS)
def test_late_redelivery_of_everything_changes_nothing(harness, past, delay):
    outcomes, archive = past
    before = [state_of(harness, outcome.order_id) for outcome in outcomes]

    with harness.advance_clock(_DELAYS[delay]):
        replay(harness, archive)
        for outcome in outcomes:
            for event in stripe_api.list_events(harness, outcome.order_id):
                assert stripe_api.deliver(harness, event) == 200
            order = harness.probe.row("Orders", orderId=outcome.order_id)
            redrive(harness, queued_work.dead_letters_of(order))
            restart_saga(harness, outcome.order_id)
        harness.drain_queues(120)

    harness.tally["sagas restarted"] += len(outcomes)
    harness.tally["events replayed"] += len(archive)
    assert [state_of(harness, outcome.order_id) for outcome in outcomes] == before
    assert harness.probe.dead_letters() == {}
    harness.assert_consistent([outcome.order_id for outcome in outcomes])


def state_of(harness: ChaosHarness, order_id: str) -> dict[str, Any]:
    """The order's status, charges, stock and number of mails."""
    probe, order = harness.probe, harness.probe.row("Orders", orderId=order_id)
    return {
        "status": order["status"],
        "charged": harness.charged(order_id),
        "stock": [probe.stock(line["productId"]) for line in order["items"]],
        "mails": len(probe.mails("@", order["orderNumber"])),
    }
