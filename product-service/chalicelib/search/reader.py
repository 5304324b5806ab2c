"""The index that this process reads: the newest version, asked for once a second."""

import sqlite3

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException

from chalicelib.search import storage
from chalicelib.search.index import SCHEMA, Index, SearchUnsupported
from common import log
from common.cached import Cached

_SECONDS = 1
_RETRY_SECONDS = 5
_OUTAGES = (
    BotoCoreError, ClientError, PynamoDBException, storage.IndexUnreadable, SearchUnsupported,
    sqlite3.DatabaseError,
)  # fmt: skip
_loaded: dict[str, Index] = {}  # the one version that this process has, by its key


def find_index() -> Index | None:
    """Return the newest version of the index, None while none can be read.

    During an outage the version that was read before stays in use.
    """
    return _current.get()


def clear() -> None:
    """Forget what was read: the next request reads the pointer."""
    _current.clear()
    _loaded.clear()


def _read() -> Index | None:
    try:
        pointer = storage.find_pointer()
        if pointer is None or pointer.schema != SCHEMA:
            return None
        if pointer.key not in _loaded:
            index = Index.load(storage.fetch(pointer))
            _loaded.clear()
            _loaded[pointer.key] = index
        return _loaded[pointer.key]
    except _OUTAGES as exc:
        log.logger.exception("search index not read", extra={"error": repr(exc)})
        return next(iter(_loaded.values()), None)


_current: Cached[Index | None] = Cached(_read, seconds=_SECONDS, retry_seconds=_RETRY_SECONDS)
