"""Faults of DynamoDB: unprocessed batches, and changes before a write."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.client import BaseClient


def limit_batches(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], list[int]]:
    """Let DynamoDB process only so many items of each batch.

    Returns a function that sets the limit, and returns the sizes of all batches sent.
    """
    real = BaseClient._make_api_call
    limits: dict[str, int] = {}
    sizes: list[int] = []

    def call(client: Any, operation: str, arguments: dict[str, Any]) -> Any:
        if operation not in limits:
            return real(client, operation, arguments)
        ((table, request),) = arguments["RequestItems"].items()
        is_read = operation == "BatchGetItem"
        entries = request["Keys"] if is_read else request
        sizes.append(len(entries))
        processed, left = entries[: limits[operation]], entries[limits[operation] :]
        response = {"Responses": {table: []}}
        if processed:
            part = {**request, "Keys": processed} if is_read else processed
            response = real(client, operation, {**arguments, "RequestItems": {table: part}})
        rest = {**request, "Keys": left} if is_read else left
        unprocessed = {table: rest} if left else {}
        return {**response, "UnprocessedKeys": unprocessed, "UnprocessedItems": unprocessed}

    monkeypatch.setattr(BaseClient, "_make_api_call", call)

    def limit(operation: str, size: int) -> list[int]:
        limits[operation] = size
        return sizes

    return limit


def run_before_write(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Run an action after a request's reads and before its transaction.

    Each action precedes one transaction; the one that was added last runs first.
    """
    real = BaseClient._make_api_call
    pending: list[Callable[[], Any]] = []

    def call(client: Any, operation: str, arguments: dict[str, Any]) -> Any:
        if operation == "TransactWriteItems" and pending:
            pending.pop()()
        return real(client, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", call)

    def add(action: Callable[[], Any], times: int = 1) -> None:
        pending.extend([action] * times)

    return add
