"""Create a new task token for each attempt of a task.

ministack uses one token for all attempts, so that an answer to an attempt that failed ends the
next one.

AWS: Step Functions, "Discover service integration patterns" (wait for callback with task token).
https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token
"""

from ministack.services import stepfunctions

from devcloud.emulator.patching import rewrite_function

_ONE_TOKEN = """    if is_callback:
        ctx["Task"] = {"Token": new_uuid()}
"""
_ATTEMPT = """        ctx["State"]["RetryCount"] = sum(retry_counts.values())
"""
_TOKEN_PER_ATTEMPT = """        if is_callback:
            ctx["Task"] = {"Token": new_uuid()}
"""


def apply() -> None:
    """Create the token where an attempt begins."""
    rewrite_function(
        stepfunctions,
        "_execute_task",
        {_ONE_TOKEN: "", _ATTEMPT: _ATTEMPT + _TOKEN_PER_ATTEMPT},
    )
