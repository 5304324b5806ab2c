"""Report a Lambda whose module cannot be imported as Runtime.ImportModuleError.

ministack reports RuntimeError and only the message of the exception, without its class.

AWS: Lambda, "Troubleshoot deployment issues in Lambda".
https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html
"""

from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from devcloud.emulator.patching import rewrite_function, rewrite_worker_script

_MESSAGE = 'json.dumps({"status": "error", "error": str(e)})'
_CLASS_AND_MESSAGE = """json.dumps({"status": "error", **(
            {"errorType": "Runtime.ImportModuleError",
             "error": f"Unable to import module '{module_name}': {e}"}
            if isinstance(e, ImportError) else
            {"errorType": type(e).__name__, "error": str(e)})})"""
_RAISE = "raise RuntimeError(f\"Worker init failed: {response.get('error')}\")"
_TYPE = '"errorType": type(e).__name__}'


class InitError(RuntimeError):
    """The initialization of a Lambda failed. Has the class of the original error."""

    def __init__(self, response: dict[str, Any]) -> None:
        super().__init__(response.get("error"))
        self.error_type = response.get("errorType", type(self).__name__)


def apply() -> None:
    """Carry class and message from the worker to the caller."""
    rewrite_worker_script({_MESSAGE: _CLASS_AND_MESSAGE})
    rewrite_function(
        lambda_runtime.Worker,
        "_spawn",
        {_RAISE: "raise _InitError(response)"},
        _InitError=InitError,
    )
    rewrite_function(
        lambda_svc,
        "_execute_function_warm",
        {_TYPE: '"errorType": getattr(e, "error_type", type(e).__name__)}'},
    )
