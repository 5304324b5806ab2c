"""Task tokens: how a state of the saga that waits gets its result."""

import json
from typing import Any

from common import aws, log

_NOT_WAITING = ("TaskTimedOut", "TaskDoesNotExist", "InvalidToken")


def send_success(token: str, output: dict[str, Any]) -> bool:
    """Resume the saga with this output. False if no state waits with this token."""
    sfn = aws.client("stepfunctions")
    try:
        sfn.send_task_success(taskToken=token, output=json.dumps(output))
    except sfn.exceptions.ClientError as exc:
        return _not_waiting(exc)
    return True


def send_failure(token: str, error: str, cause: str) -> bool:
    """Resume the saga with this error. False if no state waits with this token."""
    sfn = aws.client("stepfunctions")
    try:
        sfn.send_task_failure(taskToken=token, error=error, cause=cause)
    except sfn.exceptions.ClientError as exc:
        return _not_waiting(exc)
    return True


def _not_waiting(exc: Any) -> bool:
    """False where the token is used up or timed out. Raises every other failure."""
    if exc.response["Error"]["Code"] not in _NOT_WAITING:
        raise exc
    log.logger.info("no state waits with this task token any more")
    return False
