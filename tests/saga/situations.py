"""What can happen to the saga's tasks: results by contract, errors, causes."""

import json
import re
from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import Any

from docgen import contracts
from tests.saga.walk import Json, Outcome

INPUT = {"orderId": "ORDER#01JA2M9Q", "userId": "USER#1", "correlationId": "cor-1"}

# The longest Cause that Step Functions keeps:
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_TaskFailedEventDetails.html
LONGEST_CAUSE = 32_768

# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
_OF_AWS = (
    "States.Timeout",
    "States.TaskFailed",
    "States.DataLimitExceeded",
    "Lambda.TooManyRequestsException",
    "Lambda.ServiceException",
    "Lambda.SdkClientException",
    "Lambda.Unknown",
    "Sandbox.Timedout",
    "Runtime.ExitError",
    "SQS.SdkClientException",
    "EventBridge.FailedEntry",
)
_UNEXPECTED = ("KeyError",)
# One whose cause customers read, one of the payment, one of ours.
_OF_EACH_REASON = ("PaymentDeclined", "SoftDecline", "Lambda.Unknown")
# What contracts declare as any text, and the saga or the next step reads.
_TEXTS = {
    "paymentStatus": ["SUCCESS", "REQUIRES_ACTION", "PENDING"],
    "method": ["CARD", "UPI"],
    "payBy": ["2026-11-22T10:30:00.000Z"],
}
_FUNCTION = re.compile(r":function:[a-z-]+-dev-([a-z-]+):live$")


def outcomes_of(state: str, task: Json) -> Iterator[Outcome]:
    """Every result and every failure of a task."""
    yield from (Outcome(result) for result in _results(task))
    causes = _causes()
    for error in (*_declared(task), *_OF_AWS, *_UNEXPECTED):
        yield _failed(error, causes[0])
        yield _failed(error, None)
    for error, cause in product(_OF_EACH_REASON, causes):
        yield _failed(error, cause)


def step_of(arguments: Json) -> str | None:
    """The name of the Lambda that is invoked, as services declare it."""
    match = _FUNCTION.search(arguments.get("FunctionName", ""))
    return match[1] if match else None


@cache
def steps() -> Json:
    """The inputs and results that services declare for the saga's steps."""
    declared: Json = contracts.today()["steps"]
    return declared


def _failed(error: str, cause: str | None) -> Outcome:
    return Outcome(error={"Error": error, **({} if cause is None else {"Cause": cause})})


def _declared(task: Json) -> set[str]:
    """The errors that the task's retries and catches name."""
    rules = [*task["Retry"], *task["Catch"]]
    return {name for rule in rules for name in rule["ErrorEquals"]} - {"States.ALL"}


def _results(task: Json) -> Iterator[Any]:
    """Lambda's response, or what SendTaskSuccess or another service answered."""
    resource, step = task["Resource"], step_of(task["Arguments"])
    if resource.endswith(".waitForTaskToken"):
        yield from _examples(steps()["process-payment"]["answer"])
    elif step:
        for payload in _examples(steps()[step]["answer"]):
            yield {"StatusCode": 200, "ExecutedVersion": "1", "Payload": payload}
    elif resource.endswith("events:putEvents"):
        yield {"Entries": [{"EventId": "1"}], "FailedEntryCount": 0}
    else:
        yield {"MessageId": "1", "MD5OfMessageBody": "d41d8cd9"}


def _examples(schema: Json) -> Iterator[Any]:
    """Values of a schema: each of an enum, null where it may be, else one of the type."""
    if "enum" in schema:
        yield from schema["enum"]
    elif "anyOf" in schema:
        for one in schema["anyOf"]:
            yield from _examples(one)
    elif schema["type"] == "object":
        names = schema["properties"]
        of_each = [_of_property(name, one) for name, one in names.items()]
        for values in product(*of_each):
            yield dict(zip(names, values, strict=True))
    elif schema["type"] == "array":
        yield [next(_examples(schema["items"]))] * schema.get("minItems", 2)
    else:
        yield {"string": "text", "integer": 1, "number": 12.99, "boolean": True, "null": None}[
            schema["type"]
        ]


def _of_property(name: str, schema: Json) -> list[Any]:
    return _TEXTS.get(name) or list(_examples(schema))


def _causes() -> tuple[str | None, ...]:
    message = {"errorMessage": 'the "bowl" \u2019 is\nsold out', "errorType": "OutOfStock"}
    trace = {**message, "stackTrace": ['  File "x", line 1\n' * 40] * 60}
    endless = {"errorMessage": "x" * 40_000, "errorType": "OutOfStock"}
    return (
        json.dumps(message),
        json.dumps(trace)[:LONGEST_CAUSE],
        json.dumps(endless)[:LONGEST_CAUSE],
        json.dumps({"errorType": "OutOfStock"}),
        json.dumps({"errorMessage": None}),
        '{"errorMessage": "\\q"}',
        "{not JSON",
        "RequestId: 1 Error: Runtime exited",
        "",
        None,
    )
