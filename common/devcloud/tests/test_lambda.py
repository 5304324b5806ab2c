import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

PID = "import os\n\ndef handle(event, context):\n    return os.getpid()\n"
LOGS = """
import sys

def handle(event, context):
    for line in range(500):
        print("line", line, file=sys.stderr)
    print(event, file=sys.stderr)
"""
FINDS_PACKAGE = """
import importlib.util

def handle(event, context):
    return bool(importlib.util.find_spec(event))
"""
NAMES_ITS_HANDLER = """
import os

NAME = os.environ["_HANDLER"]

def handle(event, context):
    return NAME
"""
FAILS = """
import os

class OutOfStock(Exception):
    pass

def handle(event, context):
    if event == "sell":
        raise OutOfStock("none left")
    return os.getpid()
"""


def test_an_error_is_reported_by_the_name_of_its_class(function, invoke):
    function("fails-by-name", FAILS)

    answer = invoke("fails-by-name", "sell")

    assert (answer["errorType"], answer["errorMessage"]) == ("OutOfStock", "none left")
    assert any("raise OutOfStock" in line for line in answer["stackTrace"])


def test_a_lambda_that_raised_goes_on_in_the_same_process(function, invoke):
    function("fails-and-goes-on", FAILS)
    before = invoke("fails-and-goes-on")

    invoke("fails-and-goes-on", "sell")

    assert invoke("fails-and-goes-on") == before


def test_a_module_that_cannot_be_imported_says_why(function, invoke):
    function("cannot-start", "import no_such_module\n")

    answer = invoke("cannot-start")

    assert answer["errorType"] == "Runtime.ImportModuleError"
    assert answer["errorMessage"] == (
        "Unable to import module 'main': No module named 'no_such_module'"
    )


@pytest.mark.parametrize(
    ("package", "there"), [("boto3", True), ("dateutil", True), ("msgspec", False)]
)
def test_a_lambda_has_the_packages_of_awss_runtime_and_no_others(function, invoke, package, there):
    function(f"imports-{package}", FINDS_PACKAGE)

    assert invoke(f"imports-{package}", package) is there


def test_a_lambda_knows_the_name_of_its_handler_before_it_is_imported(function, invoke):
    function("knows-itself", NAMES_ITS_HANDLER)

    assert invoke("knows-itself").endswith(".handle")


def test_lambdas_of_one_zip_share_its_files(function, invoke):
    source = "def handle(event, context):\n    return __file__\n"
    function("shares-one", source)
    function("shares-two", source)

    assert invoke("shares-one") == invoke("shares-two")


def test_a_lambda_that_logs_nothing_answers_at_once(function, invoke):
    function("silent", PID)
    invoke("silent")

    assert (
        min(seconds_of(invoke, "silent") for _ in range(10)) < 0.045
    )  # ministack alone waits 0.05 s each time


def seconds_of(invoke, name):
    began = time.monotonic()
    invoke(name)
    return time.monotonic() - began


def test_what_a_lambda_logs_is_there_when_it_has_answered(cloud, function):
    function("logs", LOGS)

    def is_logged(word):
        answer = cloud.client("lambda").invoke(
            FunctionName="logs", Payload=json.dumps(word), LogType="Tail"
        )
        return word in base64.b64decode(answer.get("LogResult", "")).decode()

    with ThreadPoolExecutor(16) as pool:  # a busy server reads lines late
        assert all(pool.map(is_logged, [f"word-{number}-" for number in range(150)]))


def test_the_lines_of_a_lambda_are_in_its_log_group(cloud, function, invoke):
    function("logs-a-word", LOGS)

    invoke("logs-a-word", "needle")

    events = cloud.client("logs").filter_log_events(
        logGroupName="/aws/lambda/logs-a-word", filterPattern="needle"
    )["events"]
    assert len(events) == 1


def test_a_lambda_may_do_what_its_role_allows_and_nothing_else(cloud, function, invoke):
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    allowed = {"Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "*"}
    iam = cloud.client("iam")
    role = iam.create_role(RoleName="lists", AssumeRolePolicyDocument=_policy(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName="lists", PolicyName="lists", PolicyDocument=_policy(allowed))
    function(
        "lists",
        "import boto3\n\ndef handle(event, context):\n    boto3.client('sqs').list_queues()\n"
        "    if event:\n        boto3.client('sns').list_topics()\n",
        role,
    )

    assert invoke("lists") is None
    assert (
        "is not authorized to perform: SNS:ListTopics".lower()
        in invoke("lists", "more")["errorMessage"].lower()
    )


@pytest.mark.parametrize(
    "source",
    ["sqs:us-east-1:000000000000:none", "dynamodb:us-east-1:000000000000:table/None/stream/1"],
)
def test_no_lambda_is_subscribed_to_a_source_that_does_not_exist(cloud, function, source):
    name = f"subscribes-to-{source.partition(':')[0]}"
    function(name, PID)

    with pytest.raises(ClientError, match=r"not exist|not found"):
        cloud.client("lambda").create_event_source_mapping(
            FunctionName=name, EventSourceArn=f"arn:aws:{source}", StartingPosition="LATEST"
        )


def test_unknown_credentials_are_refused(cloud):
    import boto3

    stranger = boto3.client(
        "sqs",
        endpoint_url=cloud.endpoint,
        region_name="us-east-1",
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="x",
    )
    with pytest.raises(ClientError):
        stranger.list_queues()


def _policy(statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
