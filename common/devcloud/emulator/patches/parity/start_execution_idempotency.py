"""Answer a repeated StartExecution of a running execution with that execution.

For a running execution the operation is idempotent if name and input are equal. ministack refuses
every name that it knows.

AWS: Step Functions, "StartExecution".
https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
"""

from ministack.services import stepfunctions

from devcloud.emulator.patching import rewrite_function

_REFUSE = """    if exec_arn in _executions:
"""
_ANSWER = """    running = _executions.get(exec_arn)
    if running and running["status"] == "RUNNING" and running["input"] == data.get("input", "{}"):
        return json_response({"executionArn": exec_arn, "startDate": running["startDate"]})
"""


def apply() -> None:
    """Look for the running execution before the name is refused."""
    rewrite_function(stepfunctions, "_start_execution", {_REFUSE: _ANSWER + _REFUSE})
