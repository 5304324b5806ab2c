"""Continue executions and invocations that were running when the local AWS ended."""

import contextvars
import os
import socket
import threading
import time
from collections.abc import Callable

from ministack.core.arn import parse_arn
from ministack.core.responses import request_scope


def run_when_serving(arn: str, act: Callable[[], None]) -> None:
    """Run `act` in a thread, in the scope of the ARN, once requests are served."""
    owner = parse_arn(arn)
    with request_scope(owner.account_id, owner.region):
        scope = contextvars.copy_context()

    def run() -> None:
        while not _is_serving():
            time.sleep(0.1)
        scope.run(act)

    threading.Thread(target=run, daemon=True).start()


def _is_serving() -> bool:
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", int(os.environ["GATEWAY_PORT"]))) == 0
