"""The state of a fake gateway: JSON objects by kind and id, in SQLite."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from devcloud.gateways import undo_log

JsonObject = dict[str, Any]


class Store:
    """Objects of a few kinds. Hold `lock` to read several of them consistently."""

    def __init__(self, path: Path | None = None) -> None:
        self.lock = threading.RLock()
        self._depth = 0
        self._on_commit: list[Callable[[], None]] = []
        self._db = connect(path)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all or, if something is raised, nothing. Nests: the outermost one commits."""
        with self.lock:
            name, planned = f"depth_{self._depth}", len(self._on_commit)
            self._db.execute(f"SAVEPOINT {name}")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._db.execute(f"ROLLBACK TO {name}")
                del self._on_commit[planned:]
                raise
            finally:
                self._db.execute(f"RELEASE {name}")
                self._depth -= 1
            due = self._take_due_actions()
        for action in due:
            action()

    def on_commit(self, action: Callable[[], None]) -> None:
        """Run an action after the present transaction commits, never if it rolls back."""
        with self.lock:
            self._on_commit.append(action)

    def get(self, kind: str, identifier: str) -> JsonObject | None:
        """Return an object, or None."""
        with self.lock:
            query = "SELECT body FROM things WHERE kind = ? AND id = ?"
            row = self._db.execute(query, (kind, identifier)).fetchone()
        return json.loads(row[0]) if row else None

    def put(self, kind: str, identifier: str, item: JsonObject) -> None:
        """Create or replace an object."""
        with self.lock:
            self._db.execute(
                "INSERT INTO things (kind, id, body) VALUES (?, ?, ?)"
                " ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
                (kind, identifier, json.dumps(item)),
            )

    def delete(self, kind: str, identifier: str) -> None:
        """Delete an object. Idempotent."""
        with self.lock:
            self._db.execute("DELETE FROM things WHERE kind = ? AND id = ?", (kind, identifier))

    def list_all(self, kind: str) -> list[JsonObject]:
        """List the objects of a kind, newest first."""
        with self.lock:
            query = "SELECT body FROM things WHERE kind = ? ORDER BY at DESC"
            rows = self._db.execute(query, (kind,)).fetchall()
        return [json.loads(body) for (body,) in rows]

    def clear(self, kind: str | None = None) -> None:
        """Delete all objects, or all of one kind."""
        with self.lock:
            self._db.execute("DELETE FROM things WHERE ? IS NULL OR kind = ?", (kind, kind))

    def close(self) -> None:
        """Close the file."""
        with self.lock:
            self._db.close()

    def _take_due_actions(self) -> list[Callable[[], None]]:
        if self._depth:
            return []
        due, self._on_commit = self._on_commit, []
        return due


def connect(path: Path | None = None) -> sqlite3.Connection:
    """Open the database, creating it if need be, with an undo log of each change."""
    db = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute(
        "CREATE TABLE IF NOT EXISTS things"
        " (kind TEXT, id TEXT, body TEXT, at INTEGER PRIMARY KEY AUTOINCREMENT, UNIQUE (kind, id))"
    )
    undo_log.install(db)
    return db
