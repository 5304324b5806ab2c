"""Report an exception of a Python Lambda by its class, with its stack trace.

ministack reports Runtime.HandlerError, so that no `ErrorEquals` of a state machine matches.

AWS: Step Functions, "Handling errors in Step Functions workflows".
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from ministack.services import lambda_svc

from devcloud.emulator.patching import rewrite_function, rewrite_worker_script

_TRACE = '"trace": traceback.format_exc()})'
_TRACE_AND_CLASS = (
    '"trace": traceback.format_exc(), "errorType": type(e).__name__,'
    ' "stackTrace": traceback.format_tb(e.__traceback__)})'
)
_ERROR = '"errorType": error_type,'
_CLASS_OF_ERROR = (
    '"errorType": result.get("errorType") or error_type, "requestId": request_id,'
    ' "stackTrace": result.get("stackTrace") or [],'
)


def apply() -> None:
    """Carry class and stack trace from the worker to the caller."""
    rewrite_worker_script({_TRACE: _TRACE_AND_CLASS})
    rewrite_function(lambda_svc, "_execute_function_warm", {_ERROR: _CLASS_OF_ERROR})
