"""A step of an execution, or of a rule's schedule, is in a snapshot whole or not at all.

ministack takes them in threads: a state saved in the middle would have an execution that succeeded without its output, or an event
that reached one of its two targets.
"""

from ministack.services import eventbridge, scheduler, sqs, stepfunctions

from devcloud.emulator import gate
from devcloud.emulator.patching import expect_parameters, rewrite

_SUCCEED = """        if execution["status"] == "RUNNING":
            output_json = json.dumps(current_input)
            execution["status"] = "SUCCEEDED"
            execution["output"] = output_json
            execution["stopDate"] = now_iso()
            _add_event(execution, "ExecutionSucceeded", {
                "executionSucceededEventDetails": {"output": output_json},
            })
            _emit_execution_status_event(execution)
"""
_CALLS = ("sqs:sendMessage", "sns:publish", "events:putEvents")


def apply() -> None:
    """Let snapshots wait for the end of such a step."""
    indented = "".join(f"    {line}" for line in _SUCCEED.splitlines(keepends=True))
    rewrite(
        stepfunctions,
        "_run_execution",
        {_SUCCEED: "        with _unit():\n" + indented},
        _unit=gate.unit,
    )
    expect_parameters(stepfunctions._fail_execution, "execution", "error", "cause")
    stepfunctions._fail_execution = gate.whole(stepfunctions._fail_execution)
    for call in _CALLS:
        resource = f"arn:aws:states:::{call}"
        stepfunctions._SERVICE_DISPATCH[resource] = gate.whole(
            stepfunctions._SERVICE_DISPATCH[resource]
        )
    eventbridge._invoke_target = gate.counted(eventbridge._invoke_target)
    eventbridge._tick_scheduled_rules = gate.undivided(eventbridge._tick_scheduled_rules)
    scheduler._tick_schedules = gate.undivided(scheduler._tick_schedules)
    sqs._delete_messages_for_esm = gate.counted(sqs._delete_messages_for_esm)
