"""Fail a task that waits for a token if the Lambda that it invokes fails.

ministack ignores the error and waits for the token until the task times out.

AWS: Step Functions, "Handling errors in Step Functions workflows".
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from ministack.services import stepfunctions

from devcloud.emulator.patching import rewrite_function

_IGNORE = """            _call_lambda(func_ref, lambda_payload)
        except _ExecutionError:
            pass
"""
_FAIL = """            _call_lambda(func_ref, lambda_payload)
        except _ExecutionError:
            _task_tokens.pop(token, None)
            raise
"""


def apply() -> None:
    """Let the error reach the retriers and catchers of the state."""
    rewrite_function(stepfunctions, "_invoke_with_callback", {_IGNORE: _FAIL})
