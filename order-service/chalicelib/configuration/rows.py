"""Rows that staff create, list and change, and prices are made from."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, TypeVar

import msgspec
from chalice import NotFoundError
from pynamodb.attributes import ListAttribute, UnicodeAttribute, VersionAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from chalicelib.configuration.errors import (
    AlreadyStored,
    ConfigurationContended,
    IdempotencyKeyReused,
)
from chalicelib.configuration.schemas import PageQuery
from common import clock, dynamodb, ids, transactions
from common.pages import InvalidCursor, Page, decode_cursor, encode_cursor
from common.retry import RetryPolicy

CONFLICT_RETRIES = RetryPolicy(tries=6, pause_seconds=0.02)
_MAX_KEY_LENGTH = 128  # of a cursor's value; DynamoDB rejects keys above a kilobyte


class StructsAttribute(ListAttribute[Any]):
    """A list of msgspec Structs, stored as maps."""

    def __init__(self, shape: type[msgspec.Struct], **declared: Any) -> None:
        super().__init__(**declared)
        self._shape = shape

    def serialize(self, value: Any, *, null_check: bool = True) -> Any:
        """Convert to DynamoDB's maps."""
        return super().serialize([msgspec.to_builtins(one) for one in value], null_check=null_check)

    def deserialize(self, values: Any) -> list[Any]:
        """Convert from DynamoDB's maps."""
        maps = super().deserialize(values)  # type: ignore[no-untyped-call]
        return [msgspec.convert(one, self._shape) for one in maps]


class ConfigurationRow(Model):
    """What the rows of these tables have in common. `id` is the hash key."""

    id: UnicodeAttribute
    id_prefix: ClassVar[str]
    name = UnicodeAttribute()
    created_at = UnicodeAttribute(attr_name="createdAt")
    updated_at = UnicodeAttribute(attr_name="updatedAt")
    version = VersionAttribute()


class KeyRow(Model):
    """What an Idempotency-Key created, stored in the same table. It has no name."""

    id: UnicodeAttribute
    created_id = UnicodeAttribute(attr_name="createdId")
    request_hash = UnicodeAttribute(attr_name="requestHash")


Row = TypeVar("Row", bound=ConfigurationRow)
View = TypeVar("View")


def create_row(
    row: ConfigurationRow,
    key_model: type[KeyRow],
    request: msgspec.Struct,
    admin_id: str,
    key: str | None,
) -> str:
    """Store a row. Return its id, or with a repeated key that of the first time.

    Raises: IdempotencyKeyReused, AlreadyStored, ConfigurationContended.
    """
    row.created_at = row.updated_at = clock.now()
    operations = [transactions.put(row, type(row).id.does_not_exist())]
    key_row = None
    if key is not None:
        request_hash = hashlib.sha256(msgspec.json.encode(request)).hexdigest()
        key_row = key_model(ids.deterministic("KEY", admin_id, key))
        key_row.created_id, key_row.request_hash = row.id, request_hash
        operations.append(transactions.put(key_row, key_model.id.does_not_exist()))
    try:
        with translate_contention():
            transactions.write(*operations)
    except transactions.TransactionCancelled:
        return _find_created(key_row)
    return row.id


@contextmanager
def translate_contention() -> Iterator[None]:
    """Raise ConfigurationContended where others keep writing the same rows."""
    try:
        yield
    except transactions.TransactionContended:
        raise ConfigurationContended("too much at once; try again in a moment") from None


def change_row(find: Callable[[], Row], actions_for: Callable[[Row], Sequence[Action]]) -> Row:
    """Apply to a row the actions that follow from its present values.

    Raises: ConfigurationContended, and what the functions raise.
    """
    for _ in CONFLICT_RETRIES.attempts():
        row = find()
        actions = [*actions_for(row), type(row).updated_at.set(clock.now())]
        with translate_contention():
            if dynamodb.update_if(row, actions, type(row).id.exists()):
                return row
    raise ConfigurationContended(f"{row.id} kept changing; try again")


def list_rows(
    model: type[Row],
    query: PageQuery,
    view: Callable[[Row], View],
    condition: Condition | None = None,
) -> Page[View]:
    """Return a page of a table, in no particular order. Raises: InvalidCursor."""
    is_row: Condition = model.name.exists()
    results = model.scan(
        is_row if condition is None else is_row & condition,
        limit=query.limit,
        consistent_read=True,
        last_evaluated_key=_start(model, query.cursor),
    )
    return Page([view(row) for row in results], encode_cursor(results.last_evaluated_key))


def get_row(model: type[Row], text: str, error: type[NotFoundError]) -> Row:
    """Read a row by its id. Raises: InvalidId, and `error` if there is none."""
    row_id = ids.parse(model.id_prefix, text)
    row = dynamodb.find(model, row_id)
    if row is None:
        raise error(f"there is no {row_id}")
    return row


def set_actions(row: Row, changed: ConfigurationRow, *names: str) -> list[Action]:
    """Return the actions that give a row these attributes of another."""
    actions: list[Action] = []
    for name in names:
        attribute, value = getattr(type(row), name), getattr(changed, name)
        actions.append(attribute.remove() if value is None else attribute.set(value))
    return actions


def _find_created(key_row: KeyRow | None) -> str:
    """Return what the key created before, if it is what stopped the transaction."""
    stored = dynamodb.find(type(key_row), key_row.id) if key_row else None
    if stored is None or key_row is None:
        raise AlreadyStored
    if stored.request_hash != key_row.request_hash:
        raise IdempotencyKeyReused("Idempotency-Key: used before, with another body")
    return stored.created_id


def _start(model: type[ConfigurationRow], cursor: str | None) -> dict[str, Any] | None:
    """Reject forged cursors, which DynamoDB would answer with an internal error."""
    start = decode_cursor(cursor)
    if start is None:
        return None
    name = str(model.id.attr_name)
    if start.keys() != {name} or not 0 < len(start[name].get("S", "")) <= _MAX_KEY_LENGTH:
        raise InvalidCursor("cursor: expected the X-Next-Cursor of an earlier page of this list")
    return start


def delete_row(model: type[Row], text: str) -> None:
    """Delete the row with this id. Idempotent.

    Raises: InvalidId, ConfigurationContended.
    """
    row = dynamodb.find(model, ids.parse(model.id_prefix, text))
    if row is not None:
        with translate_contention():
            dynamodb.delete_if(row, model.id.exists())
