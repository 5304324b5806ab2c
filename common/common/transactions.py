"""All-or-nothing writes over several items of DynamoDB, through PynamoDB's models.

A conflict with another transaction is no answer, only bad timing: it is tried again here. What a failed condition
means is for the verb to say that wrote it.
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

from common import dynamodb
from common.retry import RetryPolicy

# Together a few seconds, which fit in a saga's step. The longest pause is as short as other
# transactions are: longer pauses leave a product in demand idle (tests/benchmarks/hot_product.py:
# half as many reservations a second, and some buyers give up).
RETRY = RetryPolicy(tries=40, pause_seconds=0.02, max_pause_seconds=0.16)
_CONDITION_FAILED = "ConditionalCheckFailed"
_PASSING = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}

# PynamoDB sends the operations of a transaction sorted by kind, and DynamoDB's reasons come back in that order.
_ORDER_OF_KINDS = ("check", "delete", "put", "update")


@dataclass(frozen=True)
class Operation:
    """One item's part in a transaction; made by put, update, delete and check."""

    kind: str
    add_to: Callable[[TransactWrite], None]


class TransactionCancelled(Exception):
    """At least one condition did not hold; nothing was written.

    `failed` holds the positions, in the order given to `write`, of the operations whose condition did not hold.
    """

    def __init__(self, failed: list[int]) -> None:
        super().__init__(f"conditions of operations {failed} did not hold")
        self.failed = failed


class TransactionContended(Exception):
    """Others kept writing the same items at the same time; nothing was written, trying again later is right."""


def put(item: Model, condition: Condition | None = None) -> Operation:
    """Write the whole item."""
    return Operation("put", lambda transaction: transaction.save(item, condition=condition))


def update(item: Model, actions: list[Action], condition: Condition | None = None) -> Operation:
    """Change some attributes of the item with this key, which need not be loaded, unless it has a VersionAttribute."""

    def add_to(transaction: TransactWrite) -> None:
        transaction.update(item, actions=actions, condition=condition, add_version_condition=False)

    return Operation("update", add_to)


def delete(item: Model, condition: Condition | None = None) -> Operation:
    """Remove the item with this key."""

    def add_to(transaction: TransactWrite) -> None:
        transaction.delete(item, condition=condition, add_version_condition=False)

    return Operation("delete", add_to)


def check(
    model: type[Model], hash_key: Any, range_key: Any = None, *, condition: Condition
) -> Operation:
    """Change nothing, but insist that this holds of the item."""

    def add_to(transaction: TransactWrite) -> None:
        transaction.condition_check(model, hash_key, range_key, condition=condition)

    return Operation("check", add_to)


def write(*operations: Operation) -> None:
    """Carry out all operations or none; at most 100.

    Raises TransactionCancelled if a condition does not hold, TransactionContended after TRIES conflicts. All tries carry one
    token, so that one whose answer was lost is not carried out again.
    """
    token = uuid.uuid4().hex
    for _ in RETRY.attempts():
        try:
            return _write(operations, token)
        except TransactWriteError as problem:
            reasons = [reason.code if reason else None for reason in problem.cancellation_reasons]
            if _CONDITION_FAILED in reasons:
                raise TransactionCancelled(_failed(operations, reasons)) from problem
            if not _is_passing(problem, reasons):
                raise
    raise TransactionContended(f"{RETRY.tries} conflicts in a row")


def _write(operations: Sequence[Operation], token: str) -> None:
    with TransactWrite(connection=_connection(), client_request_token=token) as transaction:
        for operation in operations:
            operation.add_to(transaction)


def _failed(operations: Sequence[Operation], reasons: Sequence[str | None]) -> list[int]:
    """Where the operations whose condition failed stood when they were given to `write`."""
    sent = sorted(
        range(len(operations)),
        key=lambda position: _ORDER_OF_KINDS.index(operations[position].kind),
    )
    return sorted(
        position for position, code in zip(sent, reasons, strict=True) if code == _CONDITION_FAILED
    )


def _is_passing(problem: TransactWriteError, reasons: list[str | None]) -> bool:
    return dynamodb.error_code(problem) in _PASSING | {"TransactionInProgressException"} or any(
        code in _PASSING for code in reasons
    )


@cache
def _connection() -> Connection:
    return Connection(
        connect_timeout_seconds=dynamodb.CONNECT_SECONDS,
        read_timeout_seconds=dynamodb.READ_SECONDS,
        max_retry_attempts=dynamodb.REPEATS,
    )
