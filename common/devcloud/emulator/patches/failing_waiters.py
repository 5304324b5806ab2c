"""A Lambda that is to pass a task token on and fails has failed its state; on AWS the state's retries and catches then take over.

ministack overlooks the failure and waits for a token that nobody has, until the state's time is over.
"""

from ministack.services import stepfunctions

from devcloud.emulator.patching import rewrite

_OVERLOOKED = """            _call_lambda(func_ref, lambda_payload)
        except _ExecutionError:
            pass
"""
_FAILED = """            _call_lambda(func_ref, lambda_payload)
        except _ExecutionError:
            _task_tokens.pop(token, None)
            raise
"""


def apply() -> None:
    """Let the state fail with the Lambda's error."""
    rewrite(stepfunctions, "_invoke_with_callback", {_OVERLOOKED: _FAILED})
