"""Speed up moto's DynamoDB without a change of what it answers.

moto copies a whole table for each operation of a transaction, in case it has to roll back. Here a
snapshot of a table shares the items. That is safe because no stored item is changed in place: a
put stores a new one, and an update first gets its own copy.

Attributes that have DynamoDB's own form are answered as they are. moto would look up each under
six names for each of ten types.
"""

import copy
from collections import defaultdict
from functools import wraps
from typing import Any

from moto.core.serialize import JSONSerializer
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

_BINARY = {"B", "BS"}  # bytes, which JSON does not hold


def install() -> None:
    """Change moto for the rest of this process. Idempotent."""
    if not hasattr(Table, "__deepcopy__"):
        backend, serializer = DynamoDBBackend, JSONSerializer
        for owner, name, method in (
            (Table, "__deepcopy__", _snapshot),
            (backend, "update_item", _on_a_copy(backend.update_item)),
            (
                serializer,
                "_serialize_type_structure",
                _as_it_is(serializer._serialize_type_structure),
            ),
        ):
            setattr(owner, name, method)


def _snapshot(table: Table, _memo: dict[int, Any]) -> Table:
    """Copy the table with its own lists of items and of stream records."""
    saved = copy.copy(table)
    saved.items = defaultdict(dict)
    for key, stored in table.items.items():
        saved.items[key] = stored if isinstance(stored, Item) else dict(stored)
    if table.stream_shard is not None:
        saved.stream_shard = copy.copy(table.stream_shard)
        saved.stream_shard.table = saved
        saved.stream_shard.items = list(table.stream_shard.items)
    return saved


def _on_a_copy(update: Any) -> Any:
    @wraps(update)
    def update_item(
        backend: Any, table_name: str, key: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        table = backend.get_table(table_name)
        _replace_by_copy(
            table, [DynamoType(key[name]) for name in table.table_key_attrs if name in key]
        )
        return update(backend, table_name, key, *args, **kwargs)

    return update_item


def _replace_by_copy(table: Table, key: list[DynamoType]) -> None:
    """Replace the item, if there is one, by a copy of it."""
    if len(key) != len(table.table_key_attrs):
        return
    rows: Any = table.items if len(key) == 1 else table.items.get(key[0], {})
    if (stored := rows.get(key[-1])) is not None:
        rows[key[-1]] = copy.deepcopy(stored)


def _as_it_is(serialize: Any) -> Any:
    @wraps(serialize)
    def serialize_structure(
        serializer: Any, serialized: Any, value: Any, shape: Any, key: str
    ) -> None:
        is_attribute = shape.name == "AttributeValue" and key and isinstance(value, dict)
        if is_attribute and not _BINARY & value.keys():
            serialized[key] = value
        else:
            serialize(serializer, serialized, value, shape, key)

    return serialize_structure
