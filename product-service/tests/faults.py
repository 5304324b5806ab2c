"""Faults around a write to DynamoDB: concurrent changes, conflicts, crashes."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest
from moto.dynamodb.models import DynamoDBBackend

_WRITES = ("transact_write_items", "update_item")


class Crash(BaseException):
    """The death of the process: no handler catches it."""


def run_before_write(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """Run the given action after the next call's reads and before its write."""
    pending: list[Callable[[], Any]] = []
    for name in _WRITES:
        original = getattr(DynamoDBBackend, name)
        monkeypatch.setattr(DynamoDBBackend, name, _preceded_by(pending, original))
    return pending.append


def crash_after_transaction(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Raise Crash right after the next transaction is written."""
    due: list[bool] = []
    write = DynamoDBBackend.transact_write_items

    def crashing(backend: Any, *args: Any, **kwargs: Any) -> Any:
        write(backend, *args, **kwargs)
        if due and due.pop():
            raise Crash

    monkeypatch.setattr(DynamoDBBackend, "transact_write_items", crashing)
    return lambda: due.append(True)


def _preceded_by(pending: list[Callable[[], Any]], method: Callable[..., Any]) -> Any:
    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        if pending:
            pending.pop()()
        return method(*args, **kwargs)

    return call
