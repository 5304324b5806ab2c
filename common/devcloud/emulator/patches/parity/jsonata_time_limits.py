"""Evaluate a task's time limit where it is a JSONata expression.

ministack takes the text of the expression for the number of seconds.

AWS: Step Functions, "Task workflow state" (`TimeoutSeconds`).
https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html
"""

from ministack.services import stepfunctions

from devcloud.emulator.patching import rewrite_function

_ARGUMENTS = """                effective = _apply_jsonata_arguments(state_def, raw_input, ctx)
"""
_TIME_LIMIT = """                if "TimeoutSeconds" in state_def:
                    seconds = _jsonata_state_field(
                        state_def, "TimeoutSeconds", "number", raw_input, ctx)
                    state_def = {**state_def, "TimeoutSeconds": seconds}
"""


def apply() -> None:
    """Evaluate the expression before each attempt."""
    rewrite_function(stepfunctions, "_execute_task", {_ARGUMENTS: _ARGUMENTS + _TIME_LIMIT})
