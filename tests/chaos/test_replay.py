"""Everything comes once more, long after: when the gateways have forgotten their keys, and Step Functions the execution's name."""

import json
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from tests.chaos import scenarios
from tests.chaos.harness import Tormented
from tests.chaos.scenarios import Ended
from tests.chaos.test_webhooks import deliver, news
from tests.support.actors import until

_TOLD = (
    scenarios.buys_by_card,
    scenarios.is_declined,
    scenarios.pays_by_upi,
    scenarios.cancels_while_it_waits,
    scenarios.gives_one_back,
)
_MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:checkout-orchestrator"
_LATER = {
    "eleven minutes": 11 * 60,
    "twenty-five hours": 25 * 3600,
    "ninety-one days": 91 * 24 * 3600,
}


@contextmanager
def all_events(tormented: Tormented) -> Iterator[list[dict[str, Any]]]:
    """Everything that is put on the bus meanwhile, as an archive keeps it."""
    events, sqs, name = (
        tormented.sight.client("events"),
        tormented.sight.client("sqs"),
        f"archive-{uuid.uuid4().hex[:8]}",
    )
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    let_in = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [let_in]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    pattern = json.dumps({"source": ["commerce.orders", "commerce.payments", "commerce.checkout"]})
    events.put_rule(Name=name, EventBusName="commerce", EventPattern=pattern)
    events.put_targets(Rule=name, EventBusName="commerce", Targets=[{"Id": name, "Arn": arn}])
    kept: list[dict[str, Any]] = []
    try:
        yield kept
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            kept += [json.loads(message["Body"]) for message in messages]
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    finally:
        events.remove_targets(Rule=name, EventBusName="commerce", Ids=[name])
        events.delete_rule(Name=name, EventBusName="commerce")
        sqs.delete_queue(QueueUrl=url)


def replay(tormented: Tormented, kept: list[dict[str, Any]]) -> None:
    """Put every event on the bus again, as it was."""
    bus = tormented.sight.client("events")
    for event in kept:
        entry = {
            "EventBusName": "commerce",
            "Source": event["source"],
            "DetailType": event["detail-type"],
        }
        answer = bus.put_events(Entries=[{**entry, "Detail": json.dumps(event["detail"])}])
        assert answer["FailedEntryCount"] == 0


def run_again(tormented: Tormented, order_id: str) -> None:
    """The order's saga from its beginning, under a new name: the old one is free again after 90 days."""
    machine, short = tormented.sight.client("stepfunctions"), order_id.split("#")[1]
    begun = json.dumps(
        {"orderId": order_id, "userId": "USER#nobody", "correlationId": f"again-{short}"}
    )
    execution = machine.start_execution(
        stateMachineArn=_MACHINE, name=f"{short}-{uuid.uuid4().hex[:6]}", input=begun
    )["executionArn"]
    until(
        lambda: machine.describe_execution(executionArn=execution)["status"],
        lambda now: now != "RUNNING",
        60,
    )


def dead_letters_of(order: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """What may have lain in dead-letter queues since: each queue's message, as the saga and the services send them."""
    order_id, items = (
        order["orderId"],
        [{"productId": line["productId"], "qty": int(line["qty"])} for line in order["items"]],
    )
    charge = {
        "orderId": order_id,
        "userId": order["userId"],
        "amount": 25.98,
        "currency": "USD",
        "method": "CARD",
    }
    charge |= {
        "action": "charge",
        "taskToken": "a-token-of-long-ago",
        "paymentMethod": "pm_card_visa",
    }
    letters = [
        ("payment-retry-queue", charge),
        ("cart-clear-queue", {"orderId": order_id, "userId": order["userId"], "items": items}),
        (
            "order-fail-queue",
            {"orderId": order_id, "userId": order["userId"], "reason": "late", "status": "FAILED"},
        ),
    ]
    if order["status"] in ("FAILED", "CANCELLED", "EXPIRED"):
        letters.append(
            ("payment-retry-queue", {"action": "refund", "orderId": order_id, "reason": "late"})
        )
        letters.append(("inventory-update-queue", {"action": "release", "orderId": order_id}))
    else:
        letters.append(
            ("inventory-update-queue", {"action": "commit", "orderId": order_id, "items": items})
        )
    return letters


def send(tormented: Tormented, letters: list[tuple[str, dict[str, Any]]]) -> None:
    """Lay them in the dead-letter queues, and bring them back from there."""
    sqs = tormented.sight.client("sqs")
    for queue, letter in letters:
        url = sqs.get_queue_url(QueueName=f"{queue}-dlq")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(letter))
    tormented.tally["dead letters brought back"] += tormented.redrive()


@pytest.fixture(scope="module")
def past(tormented: Tormented) -> tuple[list[Ended], list[dict[str, Any]]]:
    """Orders that ended in every way, and all the events of them."""
    with all_events(tormented) as kept:
        with ThreadPoolExecutor(len(_TOLD)) as pool:
            people = tormented.shoppers(len(_TOLD))
            ended = list(pool.map(lambda tale, person: tale(person), _TOLD, people))
        tormented.quiet(60)
        time.sleep(1)
    tormented.must_hold([one.order_id for one in ended])
    assert len(kept) > len(ended), "the archive has heard too little"
    return ended, kept


@pytest.mark.parametrize("later", _LATER)
def test_what_comes_again_long_after_changes_nothing(tormented, past, later):
    ended, kept = past
    before = [standing(tormented, one.order_id) for one in ended]

    with tormented.time_passed(_LATER[later]):
        replay(tormented, kept)
        for one in ended:
            for event in news(tormented, one.order_id):
                assert deliver(tormented, event) == 200
            send(tormented, dead_letters_of(tormented.sight.row("Orders", orderId=one.order_id)))
            run_again(tormented, one.order_id)
        tormented.quiet(120)

    tormented.tally["sagas run again"] += len(ended)
    tormented.tally["events replayed"] += len(kept)
    assert [standing(tormented, one.order_id) for one in ended] == before
    assert tormented.sight.dead_letters() == {}
    tormented.must_hold([one.order_id for one in ended])


def standing(tormented: Tormented, order_id: str) -> dict[str, Any]:
    """Status, money, stock, and what people were told."""
    sight, order = tormented.sight, tormented.sight.row("Orders", orderId=order_id)
    return {
        "status": order["status"],
        "charged": tormented.charged(order_id),
        "stock": [sight.stock(line["productId"]) for line in order["items"]],
        "mails": len(sight.mails("@", order_id.split("#")[1])),
    }
