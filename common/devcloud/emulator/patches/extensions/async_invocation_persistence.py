"""Keep accepted asynchronous invocations over a restart.

ministack holds it in a thread only. Here it is saved until its last attempt has ended, and invoked
again after a restart: at least once, as on AWS.
"""

import contextvars
import copy
import threading
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

from ministack.services import lambda_svc

from devcloud.emulator import critical_sections
from devcloud.emulator.patching import require_parameters, rewrite_function
from devcloud.emulator.startup import run_when_serving

_START = "threading.Thread(target=ctx_snapshot.run, args=(_run,), daemon=True).start()"
_STATE = "accepted_invocations"

_accepted: dict[str, dict[str, Any]] = {}
_get_state = lambda_svc.get_state
_restore_state = lambda_svc._restore_state


def apply() -> None:
    """Save accepted invocations with the rest of Lambda."""
    rewrite_function(
        lambda_svc,
        "invoke_async_with_retry",
        {_START: "_run_attempts(ctx_snapshot, _run, func, event)"},
        _run_attempts=run_attempts,
    )
    require_parameters(_get_state)
    require_parameters(_restore_state, "data")
    lambda_svc.get_state = get_state
    lambda_svc._restore_state = restore_state


def run_attempts(
    scope: contextvars.Context, run: Callable[[], None], function: Any, event: Any
) -> None:
    """Run all attempts in a thread and keep the invocation in the state meanwhile."""
    identifier, config = str(uuid4()), function.get("config") or function
    _accepted[identifier] = {"function": config["FunctionArn"], "event": event}
    critical_sections.count_change()

    def run_in_scope() -> None:
        try:
            scope.run(run)
        finally:
            with critical_sections.critical_section():
                del _accepted[identifier]

    threading.Thread(target=run_in_scope, daemon=True).start()


def get_state() -> dict[str, Any]:
    """Return the state of Lambda, with the accepted invocations."""
    return {**_get_state(), _STATE: copy.deepcopy(_accepted)}


def restore_state(data: Any) -> None:
    """Restore the state of Lambda and repeat the invocations that had not ended."""
    _restore_state(data)
    for accepted in (data or {}).get(_STATE, {}).values():
        run_when_serving(accepted["function"], partial(_invoke, **accepted))


def _invoke(function: str, event: Any) -> None:
    record, config, name = lambda_svc._get_func_record_for_ref(function)
    if record and config:
        lambda_svc.invoke_async_with_retry(
            lambda_svc._execution_record_for_config(record, config), event
        )
    else:
        lambda_svc.logger.warning("dropped an invocation of %s, which no longer exists", name)
