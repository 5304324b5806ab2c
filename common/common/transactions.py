"""Atomic writes of several DynamoDB items, through PynamoDB's models.

Conflicts with other transactions are retried here. What a failed condition means, the caller
decides.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pynamodb.connection import Connection
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from common import acts, dynamodb
from common.retry import RetryPolicy

# Together a few seconds, which fit in a saga's step. The longest pause is as short as other
# transactions are: longer pauses leave a product in demand idle (tests/benchmarks/hot_product.py:
# half as many reservations a second, and some buyers give up).
RETRY = RetryPolicy(tries=40, pause_seconds=0.02, max_pause_seconds=0.16)
_CONDITION_FAILED = "ConditionalCheckFailed"
_TRANSIENT = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}

# PynamoDB sends the operations of a transaction sorted by kind; DynamoDB's reasons have that order.
_ORDER_OF_KINDS = ("check", "delete", "put", "update")


@dataclass(frozen=True)
class Operation:
    """One item's part of a transaction. Created by put, update, delete and check."""

    kind: str
    add_to: Callable[[TransactWrite], None]
    item: Model | None = None
    actions: Sequence[Action] = ()


class TransactionCancelled(Exception):
    """At least one condition did not hold. Nothing was written.

    `failed` holds the positions of those operations, as given to `write`.
    """

    def __init__(self, failed: list[int]) -> None:
        super().__init__(f"conditions of operations {failed} did not hold")
        self.failed = failed


class TransactionContended(Exception):
    """Every attempt conflicted with another transaction.

    Nothing was written. May be retried later.
    """


def put(item: Model, condition: Condition | None = None) -> Operation:
    """Put the whole item."""
    return Operation("put", lambda transaction: transaction.save(item, condition=condition), item)


def update(
    item: Model,
    actions: list[Action],
    condition: Condition | None = None,
    add_version_condition: bool = False,
) -> Operation:
    """Update attributes of the item with this key. It need not be loaded."""

    def add_to(transaction: TransactWrite) -> None:
        transaction.update(
            item,
            actions=actions,
            condition=condition,
            add_version_condition=add_version_condition,
        )

    return Operation("update", add_to, item, actions)


def delete(item: Model, condition: Condition | None = None) -> Operation:
    """Delete the item with this key."""

    def add_to(transaction: TransactWrite) -> None:
        transaction.delete(item, condition=condition, add_version_condition=False)

    return Operation("delete", add_to, item)


def check(
    model: type[Model], hash_key: Any, range_key: Any = None, *, condition: Condition
) -> Operation:
    """Require a condition of an item that the transaction does not change."""

    def add_to(transaction: TransactWrite) -> None:
        transaction.condition_check(model, hash_key, range_key, condition=condition)

    return Operation("check", add_to)


def write(*operations: Operation) -> None:
    """Write all operations or none. At most 100.

    While staff act, the trace is written with them.

    All attempts carry one token, so an attempt whose answer was lost is not repeated.
    Raises: TransactionCancelled if a condition does not hold; TransactionContended.
    """
    if acts.is_traced():
        operations = (*operations, _trace(operations))
    token = uuid.uuid4().hex
    for _ in RETRY.attempts():
        try:
            return _write(operations, token)
        except TransactWriteError as exc:
            reasons = [reason.code if reason else None for reason in exc.cancellation_reasons]
            if _CONDITION_FAILED in reasons:
                raise TransactionCancelled(_failed(operations, reasons)) from exc
            if not _is_transient(exc, reasons):
                raise
    raise TransactionContended(f"{RETRY.tries} conflicts in a row")


def _trace(operations: Sequence[Operation]) -> Operation:
    """Return the operation that stores what the others change. It cannot fail."""
    from common import staff_acts  # only where staff act

    changes = [
        staff_acts.describe(operation.kind, operation.item, operation.actions)
        for operation in operations
        if operation.item is not None
    ]
    return put(staff_acts.create_row(changes))


def _write(operations: Sequence[Operation], token: str) -> None:
    with TransactWrite(connection=_connection(), client_request_token=token) as transaction:
        for operation in operations:
            operation.add_to(transaction)


def _failed(operations: Sequence[Operation], reasons: Sequence[str | None]) -> list[int]:
    """The positions of the operations whose condition failed, as given to `write`."""
    sent = sorted(
        range(len(operations)),
        key=lambda position: _ORDER_OF_KINDS.index(operations[position].kind),
    )
    return sorted(
        position for position, code in zip(sent, reasons, strict=True) if code == _CONDITION_FAILED
    )


def _is_transient(exc: TransactWriteError, reasons: list[str | None]) -> bool:
    return dynamodb.error_code(exc) in _TRANSIENT | {"TransactionInProgressException"} or any(
        code in _TRANSIENT for code in reasons
    )


@cache
def _connection() -> Connection:
    return Connection(
        connect_timeout_seconds=dynamodb.CONNECT_SECONDS,
        read_timeout_seconds=dynamodb.READ_SECONDS,
        max_retry_attempts=dynamodb.RETRIES,
    )
