"""An asynchronous invocation that was accepted is carried out, whatever happens to this AWS meanwhile: at least once, as on AWS.

ministack has it in a thread alone: one that waits for its next attempt, or runs, is lost with the process.
"""

import contextvars
import copy
import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from ministack.services import lambda_svc

from devcloud.emulator import gate
from devcloud.emulator.opening import run_when_open
from devcloud.emulator.patching import expect_parameters, rewrite

_START = "threading.Thread(target=ctx_snapshot.run, args=(_run,), daemon=True).start()"
_STATE = "accepted_invocations"

_accepted: dict[str, dict[str, Any]] = {}
_get_state = lambda_svc.get_state
_restore_state = lambda_svc._restore_state


def apply() -> None:
    """Keep what is accepted until it has ended."""
    rewrite(
        lambda_svc,
        "invoke_async_with_retry",
        {_START: "_carry_out(ctx_snapshot, _run, func, event)"},
        _carry_out=carry_out,
    )
    expect_parameters(_get_state)
    expect_parameters(_restore_state, "data")
    lambda_svc.get_state = get_state
    lambda_svc._restore_state = restore_state


def carry_out(
    scope: contextvars.Context, run: Callable[[], None], function: Any, event: Any
) -> None:
    """Run all attempts in a thread, and know of the invocation as long as they last."""
    identifier, config = str(uuid4()), function.get("config") or function
    _accepted[identifier] = {"function": config["FunctionArn"], "event": event}
    gate.count_change()

    def attempt() -> None:
        try:
            scope.run(run)
        finally:
            with gate.unit():
                del _accepted[identifier]

    threading.Thread(target=attempt, daemon=True).start()


def get_state() -> dict[str, Any]:
    """Lambda's state, with what is accepted."""
    return {**_get_state(), _STATE: copy.deepcopy(_accepted)}


def restore_state(data: Any) -> None:
    """Restore it, and carry out what had not ended once everything is there that it calls."""
    _restore_state(data)
    for accepted in (data or {}).get(_STATE, {}).values():
        run_when_open(accepted["function"], lambda given=accepted: _accept_again(**given))  # type: ignore[misc]


def _accept_again(function: str, event: Any) -> None:
    record, config, name = lambda_svc._get_func_record_for_ref(function)
    if record and config:
        lambda_svc.invoke_async_with_retry(
            lambda_svc._execution_record_for_config(record, config), event
        )
    else:
        lambda_svc.logger.warning("an invocation of %s was accepted, which is there no more", name)
