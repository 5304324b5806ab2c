"""Read items of several tables by key with one request, strongly consistent.

PynamoDB's batches read one table each.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from pynamodb.models import Model

from common import aws
from common.retry import RetryPolicy

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
_MAX_KEYS = 100
_RETRIES = RetryPolicy(tries=7, pause_seconds=0.03)

Item = TypeVar("Item", bound=Model)
Identity = tuple[str, frozenset[tuple[str, str]]]


class ReadIncomplete(Exception):
    """DynamoDB left keys unprocessed in every attempt."""


@dataclass(frozen=True)
class Key(Generic[Item]):
    """The key of an item, of strings, and the model that reads it."""

    model: type[Item]
    hash_key: str
    range_key: str | None = None

    @property
    def table(self) -> str:
        """The name of the table."""
        return str(self.model.Meta.table_name)

    @property
    def attributes(self) -> dict[str, str]:
        """The key's attributes, by their names in the table."""
        declared = self.model.get_attributes().values()
        values = {each.attr_name: self.hash_key for each in declared if each.is_hash_key}
        if self.range_key is not None:
            values |= {each.attr_name: self.range_key for each in declared if each.is_range_key}
        return values


class BatchReader:
    """Reads items of any tables, and none of them a second time."""

    def __init__(self) -> None:
        self._items: dict[Key[Any], Model | None] = {}

    def read(self, *keys: Key[Any]) -> None:
        """Read the items that were not read yet: one request for each hundred.

        Raises: ReadIncomplete.
        """
        missing = [key for key in dict.fromkeys(keys) if key not in self._items]
        for start in range(0, len(missing), _MAX_KEYS):
            self._items |= _fetch(missing[start : start + _MAX_KEYS])

    def find(self, key: Key[Item]) -> Item | None:
        """Return the item, None if there is none. Raises: ReadIncomplete."""
        self.read(key)
        return cast(Item | None, self._items[key])

    def find_all(self, keys: Iterable[Key[Item]]) -> list[Item]:
        """Return the items that there are, in this order. Raises: ReadIncomplete."""
        listed = list(keys)
        self.read(*listed)
        items = (self.find(key) for key in listed)
        return [item for item in items if item is not None]


def _fetch(keys: list[Key[Any]]) -> dict[Key[Any], Model | None]:
    """Read at most a hundred items. Those that there are not are None."""
    by_identity = {_identity(key.table, key.attributes): key for key in keys}
    items: dict[Key[Any], Model | None] = dict.fromkeys(keys)
    request = _request(keys)
    for _ in _RETRIES.attempts():
        response = aws.client("dynamodb").batch_get_item(RequestItems=request)
        for table, rows in response["Responses"].items():
            names = {name for key in request[table]["Keys"] for name in key}
            for row in rows:
                key = by_identity[_identity(table, {name: row[name]["S"] for name in names})]
                items[key] = key.model.from_raw_data(row)
        request = response.get("UnprocessedKeys")
        if not request:
            return items
    raise ReadIncomplete(f"{len(request)} tables left keys unprocessed")


def _request(keys: list[Key[Any]]) -> dict[str, Any]:
    tables: dict[str, Any] = {}
    for key in keys:
        table = tables.setdefault(key.table, {"Keys": [], "ConsistentRead": True})
        table["Keys"].append({name: {"S": value} for name, value in key.attributes.items()})
    return tables


def _identity(table: str, attributes: dict[str, str]) -> Identity:
    return table, frozenset(attributes.items())
