"""Inputs of the saga steps, and what the state machine sees of their results."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from common import ids

SCHEDULED_EVENT = {
    "version": "0", "id": "1", "account": "123456789012", "region": "us-east-1",
    "source": "aws.events", "detail-type": "Scheduled Event", "time": "2025-10-13T14:10:00Z",
    "resources": [], "detail": {},
}  # fmt: skip
_numbers = count(1)


def new_order() -> str:
    return ids.deterministic("ORDER", next(_numbers))


def order_input(order_id: str, lines: dict[str, int]) -> dict[str, Any]:
    """The input that the state machine passes, with fields that are ignored."""
    items = [{"productId": product_id, "qty": qty} for product_id, qty in lines.items()]
    return {"orderId": order_id, "items": items, "correlationId": "c-1", "amount": 25.98}


def error_of(call: Callable[..., Any], *args: Any, **lines: int) -> tuple[str, str]:
    """The name and message of the error that the call raises."""
    with pytest.raises(Exception) as caught:  # noqa: PT011  # the name is asserted by the caller
        call(*args, **lines)
    return type(caught.value).__name__, str(caught.value)


def status_or_error(call: Callable[..., Any], *args: Any, **lines: int) -> str:
    """The status that a step returns, or the name of the error that it raises."""
    try:
        status: str = call(*args, **lines)["status"]
    except Exception as exc:
        return type(exc).__name__
    return status
