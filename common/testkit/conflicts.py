"""Conflicts between transactions, which moto's DynamoDB never has by itself."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from moto.dynamodb.exceptions import TransactionCanceledException
from moto.dynamodb.models import DynamoDBBackend


def cause_conflicts(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Fail the given number of transactions with a conflict, without pauses."""
    left = [0]
    write = DynamoDBBackend.transact_write_items

    def conflicting(backend: Any, *args: Any, **kwargs: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise TransactionCanceledException(
                [("TransactionConflict", "Transaction is ongoing", None)]
            )
        return write(backend, *args, **kwargs)

    monkeypatch.setattr(DynamoDBBackend, "transact_write_items", conflicting)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    return lambda times: left.__setitem__(0, times)
