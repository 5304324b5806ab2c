"""Invoke the Lambda target of an EventBridge rule asynchronously, with retries.

ministack invokes it once and drops the event if that fails.

AWS: Lambda, "How Lambda handles errors and retries with asynchronous invocation".
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from ministack.services import eventbridge

from devcloud.emulator.patching import rewrite_function

_ONCE = (
    "    threading.Thread(\n"
    "        target=lambda_svc._execute_function_with_config_scope,"
    " args=(exec_record, event), daemon=True\n"
    "    ).start()\n"
)


def apply() -> None:
    """Use ministack's own asynchronous invocation."""
    rewrite_function(
        eventbridge,
        "_dispatch_to_lambda",
        {_ONCE: "    lambda_svc.invoke_async_with_retry(exec_record, event)\n"},
    )
