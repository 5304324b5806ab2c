"""What goes wrong between Step Functions and what it calls: Lambdas, queues, the bus. By the same plan as in the Lambdas themselves.

Step Functions is durable and does not die; but a call of its own may fail before anything was done, or have been done and its answer lost.
To the state both are an error, and it cannot tell them apart.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ministack.services import stepfunctions

from devcloud.emulator.patching import expect_parameters
from devcloud.faults import SAGA
from devcloud.faults.agent import FaultInjector

# https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#bp-lambda-serviceexception
_LOST_LAMBDA, _LOST_CALL = "Lambda.SdkClientException", "States.TaskFailed"
_UNDONE = ("before", "throttled", "error")
_DONE = ("after", "lost")

Call = Callable[[str, Any], Any]


def apply(directory: Path) -> None:
    """Have the state machine read its plan in this directory."""
    inside = FaultInjector(str(directory), SAGA)
    expect_parameters(stepfunctions._call_lambda, "func_ref", "event")
    stepfunctions._call_lambda = _guarded(inside, stepfunctions._call_lambda, _lambda, _LOST_LAMBDA)
    for resource, named in {"sqs:sendMessage": _queue, "events:putEvents": _bus}.items():
        arn = f"arn:aws:states:::{resource}"
        call = stepfunctions._SERVICE_DISPATCH[arn]
        stepfunctions._SERVICE_DISPATCH[arn] = _guarded(inside, call, named, _LOST_CALL)


def _guarded(
    inside: FaultInjector, call: Call, named: Callable[[str, Any], str], error: str
) -> Call:
    """The call, or what the plan has instead."""

    def guarded(target: str, given: Any) -> Any:
        how = inside.fault(named(target, given), json.dumps(given, default=str))
        if how in _UNDONE:
            raise stepfunctions._ExecutionError(error, f"planned: {how}")
        if how == "slow":
            time.sleep(inside.slow_seconds)
        answer = call(target, given)
        if how in _DONE:
            raise stepfunctions._ExecutionError(error, "planned: the answer got lost")
        return answer

    return guarded


def _lambda(function: str, event: Any) -> str:
    return f"lambda:Invoke {function.rsplit(':', 1)[-1]}"


def _queue(resource: str, message: Any) -> str:
    return f"sqs:SendMessage {message['QueueUrl'].rsplit('/', 1)[-1]}"


def _bus(resource: str, events: Any) -> str:
    return f"events:PutEvents {events['Entries'][0]['DetailType']}"
