"""Each attempt at a task that waits for its token has a token of its own: an answer to an attempt that has failed wakes nobody.

ministack makes one token for all attempts: https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token
"""

from ministack.services import stepfunctions

from devcloud.emulator.patching import rewrite

_MADE_ONCE = """    if is_callback:
        ctx["Task"] = {"Token": new_uuid()}
"""
_ATTEMPT = """        ctx["State"]["RetryCount"] = sum(retry_counts.values())
"""
_MADE_EACH_TIME = """        if is_callback:
            ctx["Task"] = {"Token": new_uuid()}
"""


def apply() -> None:
    """Make the token where an attempt begins."""
    rewrite(stepfunctions, "_execute_task", {_MADE_ONCE: "", _ATTEMPT: _ATTEMPT + _MADE_EACH_TIME})
