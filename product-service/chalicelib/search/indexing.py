"""Keeps the index up to date, from streams by a queue to a version."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from chalice.app import DynamoDBEvent, SQSEvent

from chalicelib.products import product_ids
from chalicelib.search import documents, storage, words
from chalicelib.search.index import SCHEMA, Index
from chalicelib.search.storage import IndexUnreadable, Pointer
from common import clock, log, queues
from common.retry import RetryPolicy

QUEUE = "search-index-queue"
_KEYS_PER_MESSAGE = 1000
_CONFLICT_RETRIES = RetryPolicy(tries=8, pause_seconds=0.1, max_pause_seconds=1)
_MAX_AGE = timedelta(hours=24)  # an index is rebuilt every day, from the tables
_CLOCK_SKEW = timedelta(minutes=1)


class IndexContended(Exception):
    """Other writers kept publishing versions. The message comes again."""


@dataclass(frozen=True)
class IndexChanges:
    """What changed since the last version."""

    keys: frozenset[str]
    is_tree: bool = False
    is_all: bool = False


def enqueue_changes(event: DynamoDBEvent) -> None:
    """Send the keys of a stream's records to the queue. Idempotent.

    Raises: what sending raises; the batch then comes again.
    """
    keys, is_tree = set(), False
    for record in event.to_dict()["Records"]:
        key = record["dynamodb"]["Keys"]
        if "tree" in key:
            is_tree = True
        elif product_ids.is_listed_kind(key["productId"]["S"]):
            keys.add(key["productId"]["S"])
    ordered = sorted(keys)
    for start in range(0, len(ordered), _KEYS_PER_MESSAGE):
        queues.send(QUEUE, {"keys": ordered[start : start + _KEYS_PER_MESSAGE]})
    if is_tree:
        queues.send(QUEUE, {"tree": True})
    log.logger.info("done", extra={"products": len(ordered), "tree": is_tree})


def request_rebuild_if_due() -> bool:
    """Ask for a new index if there is none, or none of today. True if it was due."""
    pointer = storage.find_pointer()
    is_due = pointer is None or not _is_current(pointer) or _is_old(pointer)
    if is_due:
        queues.send(QUEUE, {"all": True})
    return is_due


def apply_messages(event: SQSEvent) -> None:
    """Write one version for all messages of the batch. Idempotent.

    It reads the rows as they are now, so repeats and another order change nothing.
    Raises: IndexContended; all messages then come again.
    """
    bodies = [json.loads(record["body"]) for record in event.to_dict()["Records"]]
    changes = IndexChanges(
        keys=frozenset(key for body in bodies for key in body.get("keys", ())),
        is_tree=any("tree" in body for body in bodies),
        is_all=any("all" in body for body in bodies),
    )
    write_version(changes)
    log.logger.info("done", extra={"messages": len(bodies), "products": len(changes.keys)})


def write_version(changes: IndexChanges) -> None:
    """Publish a version with the changes. Raises: IndexContended."""
    for _ in _CONFLICT_RETRIES.attempts():
        pointer = storage.find_pointer()
        index = None if changes.is_all else _load(pointer)
        if index is None:
            return _rebuild()
        _put(index, documents.load(changes.keys))
        if changes.is_tree:
            index.set_categories(documents.load_categories())
        if storage.publish(index.dump(), _pointer(pointer), pointer):
            return None
    raise IndexContended("other versions kept being published")


def _rebuild() -> None:
    """Publish a version that is built from the whole tables.

    What other writers published meanwhile is read again, not lost. Raises: IndexContended.
    """
    started = datetime.now(UTC)
    pointer, index = storage.find_pointer(), Index.create()
    _put(index, documents.load_all())
    for _ in _CONFLICT_RETRIES.attempts():
        index.set_categories(documents.load_categories())
        if storage.publish(index.dump(), _pointer(None), pointer):
            return
        pointer = storage.find_pointer()
        if (other := _load(pointer)) is not None:
            moment = clock.iso((started - _CLOCK_SKEW).timestamp())
            _put(index, documents.load(other.changed_since(moment)))
    raise IndexContended("other versions kept being published")


def _load(pointer: Pointer | None) -> Index | None:
    """Return the index of the pointer, None where one has to be built."""
    if pointer is None or not _is_current(pointer):
        return None
    try:
        return Index.load(storage.fetch(pointer))
    except (IndexUnreadable, sqlite3.DatabaseError) as exc:
        log.logger.exception("index unreadable, building another", extra={"error": repr(exc)})
        return None


def _put(index: Index, matches: Iterable[documents.Document]) -> None:
    now = clock.now()
    for document in matches:
        index.put(document, now)


def _pointer(based_on: Pointer | None) -> Pointer:
    built_at = based_on.rebuilt_at if based_on else clock.now()
    return Pointer(schema=SCHEMA, language=words.language(), rebuilt_at=built_at)


def _is_current(pointer: Pointer) -> bool:
    return pointer.schema == SCHEMA and pointer.language == words.language()


def _is_old(pointer: Pointer) -> bool:
    age: Any = datetime.now(UTC) - datetime.fromisoformat(pointer.rebuilt_at)
    return bool(age > _MAX_AGE)
