import json

import pytest
from botocore.exceptions import ClientError

from devcloud.tests.conftest import ROLE, allow_everything, eventually, make_function, run_aws

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


def test_starting_a_running_execution_again_answers_with_it(cloud):
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
    source = "class OutOfStock(Exception): pass\n\ndef handle(event, context):\n    raise OutOfStock('none')\n"
    reserve = task(
        function("sold-out", source),
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


def test_a_state_whose_lambda_fails_before_it_passed_its_token_on_has_failed(cloud, function):
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


def test_an_answer_to_an_attempt_that_has_failed_wakes_nobody(cloud):
    queue = cloud.client("sqs").create_queue(QueueName="asked")["QueueUrl"]
    asks = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": queue, "MessageBody.$": "$$.Task.Token"},
        "Retry": [{"ErrorEquals": ["Again"], "IntervalSeconds": 1, "MaxAttempts": 1}],
        "TimeoutSeconds": 60,
        "End": True,
    }
    client = cloud.client("stepfunctions")
    definition = {"StartAt": "Asks", "States": {"Asks": asks}}
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


def test_an_execution_that_was_running_when_aws_stopped_goes_on_afterwards(tmp_path):
    process, cloud = run_aws(tmp_path)
    allow_everything(cloud)
    remembers = """
import os

def handle(event, context):
    if not os.path.exists(PLACE):
        open(PLACE, "w").close()
        raise RuntimeError("wait for the next start")
""".replace("PLACE", repr(str(tmp_path / "been here")))
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 60, "MaxAttempts": 3}]
    definition = {
        "StartAt": "Step",
        "States": {"Step": task(make_function(cloud, "step", remembers), Retry=retry, End=True)},
    }
    started = cloud.client("stepfunctions").start_execution(
        stateMachineArn=machine(cloud, "long", definition)
    )
    eventually(lambda: (tmp_path / "been here").exists())

    process.stop()
    process, cloud = run_aws(tmp_path, port=int(cloud.endpoint.rsplit(":", 1)[1]))

    client = cloud.client("stepfunctions")
    assert eventually(lambda: _ended(client, started["executionArn"])) == "SUCCEEDED"
    process.stop()


def test_an_execution_continues_in_the_state_in_which_aws_stopped(tmp_path):
    """Not at its first state: an order that is confirmed by then would be refused there."""
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
""".replace("PLACE", repr(str(tmp_path / "been here")))
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
    eventually(lambda: (tmp_path / "been here").exists())

    process.stop()
    process, cloud = run_aws(tmp_path, port=int(cloud.endpoint.rsplit(":", 1)[1]))

    client = cloud.client("stepfunctions")
    assert eventually(lambda: _ended(client, started["executionArn"])) == "SUCCEEDED"
    output = client.describe_execution(executionArn=started["executionArn"])["output"]
    assert json.loads(output) == {"order": "ORDER#1"}
    assert (tmp_path / "calls").read_text() == "x"
    process.stop()


def _received(cloud, queue):
    found = cloud.client("sqs").receive_message(QueueUrl=queue).get("Messages", [])
    return found[0]["Body"] if found else None


def _ended(client, execution):
    status = client.describe_execution(executionArn=execution)["status"]
    return status if status != "RUNNING" else None
