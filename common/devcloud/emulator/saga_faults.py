"""Inject faults into what Step Functions calls: Lambdas, queues and the event bus.

Step Functions itself is durable. A call of it may fail before it has an effect, or take effect and
lose its response. The state machine sees the same error for both. The plan is the one that the
fault agent in the Lambdas reads.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ministack.services import stepfunctions

from devcloud.emulator.patching import require_parameters
from devcloud.faults import SAGA
from devcloud.faults.agent import FaultInjector

# https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html
_LAMBDA_ERROR, _SERVICE_ERROR = "Lambda.SdkClientException", "States.TaskFailed"
_WITHOUT_EFFECT = ("before", "throttled", "error")
_AFTER_EFFECT = ("after", "lost")

Call = Callable[[str, Any], Any]
GetName = Callable[[str, Any], str]


def apply(directory: Path) -> None:
    """Make the state machine read its fault plan from this directory."""
    injector = FaultInjector(str(directory), SAGA)
    require_parameters(stepfunctions._call_lambda, "func_ref", "event")
    stepfunctions._call_lambda = _inject(
        injector, stepfunctions._call_lambda, _lambda_name, _LAMBDA_ERROR
    )
    for resource, get_name in {"sqs:sendMessage": _queue_name, "events:putEvents": _event}.items():
        arn = f"arn:aws:states:::{resource}"
        call = stepfunctions._SERVICE_DISPATCH[arn]
        stepfunctions._SERVICE_DISPATCH[arn] = _inject(injector, call, get_name, _SERVICE_ERROR)


def _inject(injector: FaultInjector, call: Call, get_name: GetName, error: str) -> Call:
    """Wrap a call so that it fails where the plan says."""

    def call_or_fail(target: str, request: Any) -> Any:
        fault = injector.fault(get_name(target, request), json.dumps(request, default=str))
        if fault in _WITHOUT_EFFECT:
            raise stepfunctions._ExecutionError(error, f"planned: {fault}")
        if fault == "slow":
            time.sleep(injector.slow_seconds)
        response = call(target, request)
        if fault in _AFTER_EFFECT:
            raise stepfunctions._ExecutionError(error, "planned: the answer got lost")
        return response

    return call_or_fail


def _lambda_name(function: str, event: Any) -> str:
    return f"lambda:Invoke {function.rsplit(':', 1)[-1]}"


def _queue_name(resource: str, message: Any) -> str:
    return f"sqs:SendMessage {message['QueueUrl'].rsplit('/', 1)[-1]}"


def _event(resource: str, events: Any) -> str:
    return f"events:PutEvents {events['Entries'][0]['DetailType']}"
