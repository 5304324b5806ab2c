"""An execution that runs while this AWS is stopped goes on when it is started again; on AWS nothing stops.

ministack fails it, and its name can never be used again: an order that waits for its customer to pay would wait for ever. As
no position is kept, it begins again at its first state, which is right only because the saga's steps bear repeats.
"""

from typing import Any

from ministack.services import stepfunctions

from devcloud.emulator.opening import run_when_open
from devcloud.emulator.patching import rewrite

_FAIL = """            exc["status"] = "FAILED"
            exc["stopDate"] = now_iso()
            exc["error"] = "States.ServiceRestart"
            exc["cause"] = "Execution was running when service restarted"
"""


def apply() -> None:
    """Start such executions anew instead of failing them."""
    indent = " " * 12
    rewrite(
        stepfunctions,
        "_restore_state",
        {_FAIL: f"{indent}_begin_again(exc)\n"},
        _begin_again=begin_again,
    )


def begin_again(execution: dict[str, Any]) -> None:
    """Run the execution once everything is there that it calls."""
    execution["events"] = execution["events"][:1]
    arn = execution["executionArn"]
    run_when_open(arn, lambda: stepfunctions._run_execution(arn))
