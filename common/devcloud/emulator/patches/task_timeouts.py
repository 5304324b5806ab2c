"""A task's time limit can be a JSONata expression, as every field of a state can.

ministack takes its text for the number of seconds:
https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html
"""

from ministack.services import stepfunctions

from devcloud.emulator.patching import rewrite

_ARGUMENTS = "            effective = _apply_jsonata_arguments(state_def, raw_input, ctx)\n"
_TIMEOUT = (
    '            if "TimeoutSeconds" in state_def:\n'
    "                seconds = _jsonata_state_field(\n"
    '                    state_def, "TimeoutSeconds", "number", raw_input, ctx)\n'
    '                state_def = {**state_def, "TimeoutSeconds": seconds}\n'
)


def apply() -> None:
    """Evaluate the time limit before each attempt."""
    rewrite(
        stepfunctions,
        "_execute_task",
        {f"    {_ARGUMENTS}": f"    {_ARGUMENTS}{_indented(_TIMEOUT)}"},
    )


def _indented(source: str) -> str:
    return "".join(f"    {line}" for line in source.splitlines(keepends=True))
