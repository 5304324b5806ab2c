"""An execution that runs while this AWS is stopped goes on when it is started again; on AWS nothing stops.

ministack fails it, and its name can never be used again: an order that waits for its customer to pay would wait for ever. As
no position is kept, it begins again at its first state, which is right only because the saga's steps bear repeats.
"""

import contextvars
import os
import socket
import threading
import time
from typing import Any

from ministack.core.arn import parse_arn
from ministack.core.responses import request_scope
from ministack.services import stepfunctions

from devcloud.emulator.patching import rewrite

_FAIL = """            exc["status"] = "FAILED"
            exc["stopDate"] = now_iso()
            exc["error"] = "States.ServiceRestart"
            exc["cause"] = "Execution was running when service restarted"
"""


def apply() -> None:
    """Start such executions anew instead of failing them."""
    indent = " " * 12
    rewrite(
        stepfunctions,
        "_restore_state",
        {_FAIL: f"{indent}_begin_again(exc)\n"},
        _begin_again=begin_again,
    )


def begin_again(execution: dict[str, Any]) -> None:
    """Run the execution once everything is there that it calls."""
    execution["events"] = execution["events"][:1]
    owner = parse_arn(execution["executionArn"])
    with request_scope(owner.account_id, owner.region):
        scope = contextvars.copy_context()
    threading.Thread(
        target=scope.run, args=(_run_when_open, execution["executionArn"]), daemon=True
    ).start()


def _run_when_open(execution: str) -> None:
    port = int(os.environ["GATEWAY_PORT"])
    while not _open(port):
        time.sleep(0.1)
    stepfunctions._run_execution(execution)


def _open(port: int) -> bool:
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) == 0
