"""Keep the process of a Lambda whose handler raised an exception.

ministack ends it, so that the invocation after a declined card is a cold start.

AWS: Lambda, "Understanding the Lambda execution environment lifecycle".
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from ministack.core import lambda_runtime

from devcloud.emulator.patching import rewrite_function

_FAILED = 'if response.get("status") == "error":'
# The worker traces what the handler raised. Timeouts and crashes come without a trace.
_CRASHED = 'if response.get("status") == "error" and "trace" not in response:'


def apply() -> None:
    """End the process only if it did not report the error itself."""
    rewrite_function(lambda_runtime.Worker, "invoke", {_FAILED: _CRASHED})
