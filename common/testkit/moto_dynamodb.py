"""Makes moto's DynamoDB quicker in two places; what it answers stays the same.

A transaction copies a whole table once for each of its operations, in case it has to roll back. Here a table's snapshot
shares the items, which is safe because no stored item is ever changed in place: puts store a new one already, and an update
gets its own copy of the item first. And attributes that are in DynamoDB's own form are answered as they are, rather than
looked up under six names for each of ten types.
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
    """Change moto in this process, for good. Idempotent."""
    if not hasattr(Table, "__deepcopy__"):
        setattr(Table, "__deepcopy__", _snapshot)  # noqa: B010  moto's types know no such method
        setattr(DynamoDBBackend, "update_item", _on_a_copy(DynamoDBBackend.update_item))  # noqa: B010
        serialize = _as_it_is(JSONSerializer._serialize_type_structure)
        setattr(JSONSerializer, "_serialize_type_structure", serialize)  # noqa: B010


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
    """Store a copy of the item in its place, if the key is one of this table and the item is there."""
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
