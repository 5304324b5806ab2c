"""Let threads share moto, which interleaves two writes of an item.

DynamoDB serializes them.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any
from unittest.mock import patch

from moto.dynamodb.responses import DynamoHandler


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Serialize calls of DynamoDB, from the request to the serialized response."""
    lock, answer = threading.RLock(), DynamoHandler.call_action

    @wraps(answer)
    def alone(*args: Any, **kwargs: Any) -> Any:
        with lock:
            return answer(*args, **kwargs)

    with patch.object(DynamoHandler, "call_action", alone):
        yield
