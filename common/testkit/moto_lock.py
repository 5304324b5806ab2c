"""Lets threads share moto: DynamoDB never interleaves two writes of an item, moto in process does."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any
from unittest.mock import patch

from moto.dynamodb.responses import DynamoHandler


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Calls of DynamoDB take turns, as long as this lasts: from the request to the answer's text, which is written from live rows."""
    turn, answer = threading.RLock(), DynamoHandler.call_action

    @wraps(answer)
    def alone(*args: Any, **kwargs: Any) -> Any:
        with turn:
            return answer(*args, **kwargs)

    with patch.object(DynamoHandler, "call_action", alone):
        yield
