"""Lambda reports an error by its class, and goes on with the same process.

ministack calls every Python error Runtime.HandlerError, so no `ErrorEquals` of a state machine would ever match; and it
ends the process at every error, so that a declined card costs the next customer a cold start.
"""

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from devcloud.emulator.patching import exchange, rewrite

_REPORTED = {
    '"trace": traceback.format_exc()})': '"trace": traceback.format_exc(),'
    ' "errorType": type(e).__name__, "stackTrace": traceback.format_tb(e.__traceback__)})',
    # A module that cannot be imported says what kind of error it was.
    '{"status": "error", "error": str(e)})': '{"status": "error", "error": f"{type(e).__name__}: {e}"})',
}


def apply() -> None:
    """Carry the class and the stack from the worker to the caller."""
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    for old, new in _REPORTED.items():
        script = exchange(script, old, new, "the Python worker's script")
    lambda_runtime._PYTHON_WORKER_SCRIPT = script
    rewrite(
        lambda_runtime.Worker,
        "invoke",
        {
            'if response.get("status") == "error":': 'if response.get("status") == "error"'
            ' and "errorType" not in response:'
        },
    )
    rewrite(
        lambda_svc,
        "_execute_function_warm",
        {
            '"errorType": error_type,': '"errorType": result.get("errorType") or error_type,'
            ' "requestId": request_id, "stackTrace": result.get("stackTrace") or [],'
        },
    )
