"""Starting a running execution again, by the same name and with the same input, answers with that execution.

That makes StartExecution safe to repeat, and the shop starts a checkout from two sides; ministack refuses the second.
https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
"""

from ministack.services import stepfunctions

from devcloud.emulator.patching import rewrite

_REFUSE = """    if exec_arn in _executions:
"""
_ANSWER = """    running = _executions.get(exec_arn)
    if running and running["status"] == "RUNNING" and running["input"] == data.get("input", "{}"):
        return json_response({"executionArn": exec_arn, "startDate": running["startDate"]})
    if exec_arn in _executions:
"""


def apply() -> None:
    """Answer the running execution before the name is refused."""
    rewrite(stepfunctions, "_start_execution", {_REFUSE: _ANSWER})
