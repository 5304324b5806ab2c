"""A saved state shows nothing half done, even under load."""

import json
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from devcloud.emulator import generations
from devcloud.tests.support.local_aws import allow_everything, create_table, run_aws

RULES, STARTERS = 10, 3  # so many that a snapshot finds some execution at its end
STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}


@pytest.fixture
def aws(tmp_path):
    """A cloud that is saved ten times a second."""
    process, cloud = run_aws(tmp_path, None, "--save-every", "0.1")
    yield cloud
    process.stop()


def test_a_snapshot_holds_whole_transactions_and_their_stream_records(aws, tmp_path):
    for name in ("left", "right"):
        create_table(aws, name, StreamSpecification=STREAM)
    over = threading.Event()

    def write(writer: int) -> None:
        client, number = aws.client("dynamodb"), 0
        while not over.is_set():
            number += 1
            item = {"id": {"S": f"{writer}-{number}"}}
            put = [{"Put": {"TableName": name, "Item": item}} for name in ("left", "right")]
            client.transact_write_items(TransactItems=put)

    with ThreadPoolExecutor(6) as pool:
        written = [pool.submit(write, writer) for writer in range(6)]
        try:
            inspect(tmp_path / "aws", _assert_whole, states=15)
        finally:
            over.set()
    assert [each.result() for each in written] == [None] * 6


def test_a_snapshot_holds_an_ended_execution_with_output_and_event(aws, tmp_path):
    allow_everything(aws)
    sqs, events = aws.client("sqs"), aws.client("events")
    queue = sqs.create_queue(QueueName="ended")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow | {"Resource": arn}]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    pattern = json.dumps({"source": ["aws.states"], "detail": {"status": ["SUCCEEDED"]}})
    for number in range(RULES):
        events.put_rule(Name=f"ended-{number}", EventPattern=pattern)
        events.put_targets(Rule=f"ended-{number}", Targets=[{"Id": "queue", "Arn": arn}])
    client = aws.client("stepfunctions")
    definition = {"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": True}}}
    machine = client.create_state_machine(
        name="quick",
        definition=json.dumps(definition),
        roleArn="arn:aws:iam::000000000000:role/may-do-anything",
    )["stateMachineArn"]
    over = threading.Event()

    def start() -> None:
        while not over.is_set():
            client.start_execution(stateMachineArn=machine, input="{}")

    with ThreadPoolExecutor(STARTERS) as pool:
        started = [pool.submit(start) for _ in range(STARTERS)]
        try:
            inspect(tmp_path / "aws", _assert_announced, states=15)
        finally:
            over.set()
    assert [each.result() for each in started] == [None] * STARTERS


def inspect(directory, look, states: int) -> None:
    """Look at so many states that are saved from now on, each at once."""
    seen, began, end = set[int](), time.time_ns(), time.monotonic() + 60
    while len(seen) < states:
        assert time.monotonic() < end, f"only {len(seen)} states were saved"
        for generation in generations.list_all(directory):
            if generation.moment > began and generation.moment not in seen:
                try:
                    look(generation)
                except generations.Unreadable:
                    assert not generation.path.exists()  # newer states have replaced it
                else:
                    seen.add(generation.moment)
        time.sleep(0.02)


def _assert_whole(generation) -> None:
    state = _state_of(generation)

    tables = {key.split("\0")[2]: value for key, value in state["tables"]["data"].items()}
    left, right = (set(tables[f"'{name}'"]["items"]) for name in ("left", "right"))
    assert left == right
    for name, items in (("left", left), ("right", right)):
        records = next(
            value
            for key, value in state["stream_records"]["data"].items()
            if key.split("\0")[2] == f"'{name}'"
        )
        assert {record["dynamodb"]["Keys"]["id"]["S"] for record in records} == items


def _assert_announced(generation) -> None:
    executions = _state_of(generation, "stepfunctions")["executions"]["data"].values()
    ended = {each["name"] for each in executions if each["status"] == "SUCCEEDED"}
    assert all(each["output"] and each["stopDate"] for each in executions if each["name"] in ended)
    queues = _state_of(generation, "sqs")["queues"]["data"].values()
    messages = [json.loads(message["body"]) for queue in queues for message in queue["messages"]]
    announced = Counter(message["detail"]["name"] for message in messages)
    assert announced == dict.fromkeys(ended, RULES)


def _state_of(generation, service="dynamodb"):
    return next(
        json.loads(line)["payload"]
        for line in generation.lines()
        if line.startswith(b'{"service": "%s"' % service.encode())
    )
