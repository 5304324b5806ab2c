import json

import pytest
from botocore.exceptions import ClientError

from devcloud.tests.support.local_aws import (
    ROLE,
    allow_everything,
    eventually,
    make_function,
    run_aws,
)

SELLS_OUT = """
class OutOfStock(Exception):
    pass

def handle(event, context):
    raise OutOfStock("none")
"""
WAITS = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}}


def machine(cloud, name, definition):
    made = cloud.client("stepfunctions").create_state_machine(
        name=name, roleArn=ROLE, definition=json.dumps(definition)
    )
    return made["stateMachineArn"]


def task(function, **more):
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": function},
    } | more


def test_a_repeated_start_answers_with_the_running_execution(cloud):
    client = cloud.client("stepfunctions")
    order = {
        "stateMachineArn": machine(cloud, "waits", WAITS),
        "name": "ORDER1",
        "input": '{"id": 1}',
    }

    first = client.start_execution(**order)
    second = client.start_execution(**order)

    assert first["executionArn"] == second["executionArn"]


def test_a_running_executions_name_is_refused_to_another_input(cloud):
    client = cloud.client("stepfunctions")
    order = {"stateMachineArn": machine(cloud, "waits-too", WAITS), "name": "ORDER1"}
    client.start_execution(**order, input='{"id": 1}')

    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        client.start_execution(**order, input='{"id": 2}')


def test_an_error_is_caught_by_the_name_of_its_class(cloud, function):
    reserve = task(
        function("sold-out", SELLS_OUT),
        Catch=[{"ErrorEquals": ["OutOfStock"], "Next": "SoldOut"}],
        End=True,
    )
    definition = {
        "StartAt": "Reserve",
        "States": {"Reserve": reserve, "SoldOut": {"Type": "Succeed"}},
    }
    client = cloud.client("stepfunctions")

    started = client.start_execution(stateMachineArn=machine(cloud, "sells", definition))[
        "executionArn"
    ]

    assert eventually(lambda: _ended(client, started)) == "SUCCEEDED"


def test_a_waiting_state_fails_if_its_lambda_fails(cloud, function):
    source = "def handle(event, context):\n    raise RuntimeError('the token is lost')\n"
    waits = task(
        function("loses-its-token", source),
        Resource="arn:aws:states:::lambda:invoke.waitForTaskToken",
        TimeoutSeconds=60,
        Catch=[{"ErrorEquals": ["RuntimeError"], "Next": "Seen"}],
        End=True,
    )
    definition = {"StartAt": "Waits", "States": {"Waits": waits, "Seen": {"Type": "Succeed"}}}
    client = cloud.client("stepfunctions")

    started = client.start_execution(stateMachineArn=machine(cloud, "loses", definition))[
        "executionArn"
    ]

    assert eventually(lambda: _ended(client, started)) == "SUCCEEDED"


def test_a_time_limit_may_be_a_jsonata_expression(cloud):
    queue = cloud.client("sqs").create_queue(QueueName="never-answered")["QueueUrl"]
    asks = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Arguments": {"QueueUrl": queue, "MessageBody": "{% $states.context.Task.Token %}"},
        "TimeoutSeconds": "{% 1 %}",
        "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "Late"}],
        "End": True,
    }
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "Asks",
        "States": {"Asks": asks, "Late": {"Type": "Succeed"}},
    }
    client = cloud.client("stepfunctions")

    started = client.start_execution(stateMachineArn=machine(cloud, "limited", definition))[
        "executionArn"
    ]

    assert eventually(lambda: _ended(client, started)) == "SUCCEEDED"


def test_the_token_of_a_failed_attempt_is_refused_in_the_next_one(cloud):
    queue = cloud.client("sqs").create_queue(QueueName="tokens")["QueueUrl"]
    ask = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": queue, "MessageBody.$": "$$.Task.Token"},
        "Retry": [{"ErrorEquals": ["Again"], "IntervalSeconds": 1, "MaxAttempts": 1}],
        "TimeoutSeconds": 60,
        "End": True,
    }
    client = cloud.client("stepfunctions")
    definition = {"StartAt": "Asks", "States": {"Asks": ask}}
    started = client.start_execution(stateMachineArn=machine(cloud, "asks", definition))[
        "executionArn"
    ]
    first = eventually(lambda: _received(cloud, queue))
    client.send_task_failure(taskToken=first, error="Again")
    second = eventually(lambda: _received(cloud, queue))

    with pytest.raises(ClientError, match=r"TaskTimedOut|TaskDoesNotExist|InvalidToken"):
        client.send_task_success(taskToken=first, output="{}")
    client.send_task_success(taskToken=second, output="{}")

    assert eventually(lambda: _ended(client, started)) == "SUCCEEDED"


def test_a_running_execution_continues_after_a_restart(tmp_path):
    process, cloud = run_aws(tmp_path)
    allow_everything(cloud)
    remembers = """
import os

def handle(event, context):
    if not os.path.exists(PLACE):
        open(PLACE, "w").close()
        raise RuntimeError("wait for the next start")
""".replace("PLACE", repr(str(tmp_path / "first attempt")))
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 60, "MaxAttempts": 3}]
    definition = {
        "StartAt": "Step",
        "States": {"Step": task(make_function(cloud, "step", remembers), Retry=retry, End=True)},
    }
    started = cloud.client("stepfunctions").start_execution(
        stateMachineArn=machine(cloud, "long", definition)
    )
    eventually(lambda: (tmp_path / "first attempt").exists())

    process.stop()
    process, cloud = run_aws(tmp_path, port=int(cloud.endpoint.rsplit(":", 1)[1]))

    client = cloud.client("stepfunctions")
    assert eventually(lambda: _ended(client, started["executionArn"])) == "SUCCEEDED"
    process.stop()


def test_an_execution_continues_in_its_present_state_after_a_restart(tmp_path):
    """Not from its first state, which would refuse a confirmed order."""
    process, cloud = run_aws(tmp_path)
    allow_everything(cloud)
    counts = """
def handle(event, context):
    with open(PLACE, "a") as calls:
        calls.write("x")
    return {"order": "ORDER#1"}
""".replace("PLACE", repr(str(tmp_path / "calls")))
    waits = """
import os

def handle(event, context):
    if not os.path.exists(PLACE):
        open(PLACE, "w").close()
        raise RuntimeError("wait for the next start")
    return event
""".replace("PLACE", repr(str(tmp_path / "first attempt")))
    call = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke"}
    first = call | {
        "Arguments": {"FunctionName": make_function(cloud, "first", counts)},
        "Assign": {"order": "{% $states.result.Payload.order %}"},
        "Next": "Second",
    }
    second = call | {
        "Arguments": {
            "FunctionName": make_function(cloud, "second", waits),
            "Payload": {"order": "{% $order %}"},
        },
        "Output": "{% $states.result.Payload %}",
        "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 60, "MaxAttempts": 3}],
        "End": True,
    }
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "First",
        "States": {"First": first, "Second": second},
    }
    started = cloud.client("stepfunctions").start_execution(
        stateMachineArn=machine(cloud, "two", definition)
    )
    eventually(lambda: (tmp_path / "first attempt").exists())

    process.stop()
    process, cloud = run_aws(tmp_path, port=int(cloud.endpoint.rsplit(":", 1)[1]))

    client = cloud.client("stepfunctions")
    assert eventually(lambda: _ended(client, started["executionArn"])) == "SUCCEEDED"
    output = client.describe_execution(executionArn=started["executionArn"])["output"]
    assert json.loads(output) == {"order": "ORDER#1"}
    assert (tmp_path / "calls").read_text() == "x"
    process.stop()


def _received(cloud, queue):
    messages = cloud.client("sqs").receive_message(QueueUrl=queue).get("Messages", [])
    return messages[0]["Body"] if messages else None


def _ended(client, execution):
    status = client.describe_execution(executionArn=execution)["status"]
    return status if status != "RUNNING" else None
