"""Where ministack differs from AWS in something the shop relies on, one module for each difference.

Every fix is written against one version's source and refuses to be applied to another.
"""

from importlib.metadata import version

from devcloud.emulator.patches import (
    accepted_invocations,
    attempt_tokens,
    email_subscriptions,
    empty_secrets,
    existing_sources,
    existing_tables,
    failing_waiters,
    handler_name,
    interrupted_executions,
    kept_mail,
    kept_streams,
    lambda_code,
    lambda_errors,
    lambda_packages,
    loopback_is_secure,
    openapi_import,
    policy_wildcards,
    ready_lambdas,
    rest_api_import,
    rule_targets,
    same_execution,
    silent_handlers,
    stable_api_ids,
    stream_retries,
    task_timeouts,
    template_conditions,
    whole_steps,
    worker_lifetimes,
)
from devcloud.emulator.patching import UnexpectedSource

MINISTACK = "1.5.33"

ALL = (
    openapi_import,
    rest_api_import,
    stable_api_ids,
    lambda_errors,
    lambda_packages,
    handler_name,
    kept_streams,
    lambda_code,
    ready_lambdas,
    silent_handlers,
    same_execution,
    failing_waiters,
    attempt_tokens,
    task_timeouts,
    interrupted_executions,
    rule_targets,
    stream_retries,
    email_subscriptions,
    empty_secrets,
    existing_sources,
    existing_tables,
    template_conditions,
    policy_wildcards,
    loopback_is_secure,
    accepted_invocations,
    kept_mail,
    whole_steps,
    worker_lifetimes,
)


def apply() -> None:
    """Apply every fix, once per process; UnexpectedSource if this is not the ministack they were written for."""
    installed = version("ministack")
    if installed != MINISTACK:
        raise UnexpectedSource(
            f"ministack {installed} is installed, and the fixes in devcloud/emulator/patches are for {MINISTACK}:"
            " see for each whether it is still needed, then change MINISTACK there"
        )
    for fix in ALL:
        fix.apply()
