"""Lets threads share moto: DynamoDB never interleaves two writes of an item, moto in process does."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any
from unittest.mock import patch

from moto.dynamodb.models import DynamoDBBackend

_CALLS = (
    "batch_get_item",
    "delete_item",
    "get_item",
    "put_item",
    "query",
    "scan",
    "transact_get_items",
    "transact_write_items",
    "update_item",
)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Calls of DynamoDB take turns, as long as this lasts."""
    turn = threading.RLock()
    alone: dict[str, Any] = {
        name: _alone(getattr(DynamoDBBackend, name), turn)
        for name in _CALLS
        if hasattr(DynamoDBBackend, name)
    }
    with patch.multiple(DynamoDBBackend, **alone):
        yield


def _alone(method: Callable[..., Any], turn: Any) -> Callable[..., Any]:
    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        with turn:
            return method(*args, **kwargs)

    return call
