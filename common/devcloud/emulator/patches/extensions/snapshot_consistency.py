"""Keep the steps of executions and schedules whole in snapshots.

ministack runs them in threads. A snapshot in the middle of a step would hold an execution that
succeeded without its output, or an event that has reached one of its two targets.
"""

from textwrap import indent

from ministack.services import eventbridge, scheduler, sqs, stepfunctions

from devcloud.emulator import critical_sections
from devcloud.emulator.patching import require_parameters, rewrite_function

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
    """Make snapshots wait for the end of such a step."""
    rewrite_function(
        stepfunctions,
        "_run_execution",
        {_SUCCEED: "        with _critical_section():\n" + indent(_SUCCEED, "    ")},
        _critical_section=critical_sections.critical_section,
    )
    require_parameters(stepfunctions._fail_execution, "execution", "error", "cause")
    stepfunctions._fail_execution = critical_sections.atomic(stepfunctions._fail_execution)
    for call in _CALLS:
        resource = f"arn:aws:states:::{call}"
        stepfunctions._SERVICE_DISPATCH[resource] = critical_sections.atomic(
            stepfunctions._SERVICE_DISPATCH[resource]
        )
    eventbridge._invoke_target = critical_sections.counted(eventbridge._invoke_target)
    eventbridge._tick_scheduled_rules = critical_sections.exclusive(
        eventbridge._tick_scheduled_rules
    )
    scheduler._tick_schedules = critical_sections.exclusive(scheduler._tick_schedules)
    sqs._delete_messages_for_esm = critical_sections.counted(sqs._delete_messages_for_esm)
