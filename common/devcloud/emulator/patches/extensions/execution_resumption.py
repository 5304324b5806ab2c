"""Continue running executions in their present state after a restart.

ministack fails such an execution, and its name can never be used again. Here the name, input and
variables of a state are saved when it is entered. After a restart the state is entered again, like
a task that Step Functions retries.
"""

import json
from typing import Any

from ministack.services import stepfunctions

from devcloud.emulator.patching import rewrite_function
from devcloud.emulator.startup import run_when_serving

_FAIL = """            exc["status"] = "FAILED"
            exc["stopDate"] = now_iso()
            exc["error"] = "States.ServiceRestart"
            exc["cause"] = "Execution was running when service restarted"
"""
_LOOP = """    try:
        while current_name and execution["status"] == "RUNNING":
"""
_ENTERED = """            _add_event(execution, f"{state_type}StateEntered", {
                "stateEnteredEventDetails": {
                    "name": current_name,
                    "input": json.dumps(current_input),
                },
            })

            if state_type == "Succeed":
"""
_POSITION = "position"  # of an execution, as JSON text: one assignment changes all of it


def apply() -> None:
    """Save positions, and continue such executions instead of failing them."""
    resume = (
        "    current_name, current_input = _resume(execution, ctx, current_name, current_input)\n"
    )
    save = "            _save_position(execution, ctx, current_name, current_input)\n"
    rewrite_function(
        stepfunctions,
        "_run_execution",
        {_LOOP: resume + _LOOP, _ENTERED: save + _ENTERED},
        _resume=resume_position,
        _save_position=save_position,
    )
    indent = " " * 12
    rewrite_function(
        stepfunctions,
        "_restore_state",
        {_FAIL: f"{indent}_continue(exc)\n"},
        _continue=continue_execution,
    )


def save_position(execution: dict[str, Any], ctx: dict[str, Any], name: str, state: Any) -> None:
    """Record which state is entered, with its input and the variables."""
    position = {"name": name, "input": state, "variables": ctx["variables"]}
    execution[_POSITION] = json.dumps(position)


def resume_position(
    execution: dict[str, Any], ctx: dict[str, Any], name: str, state: Any
) -> tuple[str, Any]:
    """Set the variables and return the name and input of the state to enter."""
    if _POSITION not in execution:
        return name, state
    position = json.loads(execution[_POSITION])
    ctx["variables"] = position["variables"]
    return position["name"], position["input"]


def continue_execution(execution: dict[str, Any]) -> None:
    """Run the execution once requests are served."""
    arn = execution["executionArn"]
    run_when_serving(arn, lambda: stepfunctions._run_execution(arn))
