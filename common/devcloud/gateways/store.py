"""The gateway's books: JSON objects by kind and id, on the disk before anybody hears of them."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from devcloud.gateways import undo_log

Thing = dict[str, Any]


class Store:
    """Objects of a few kinds; `lock` is held by whoever reads or changes several of them together."""

    def __init__(self, path: Path | None = None) -> None:
        self.lock = threading.RLock()
        self._depth = 0
        self._afterwards: list[Callable[[], None]] = []
        self._db = connect(path)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or, if something is raised, nothing; one inside another is part of it."""
        with self.lock:
            name, planned = f"depth_{self._depth}", len(self._afterwards)
            self._db.execute(f"SAVEPOINT {name}")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._db.execute(f"ROLLBACK TO {name}")
                del self._afterwards[planned:]
                raise
            finally:
                self._db.execute(f"RELEASE {name}")
                self._depth -= 1
            due = self._due()
        for act in due:
            act()

    def afterwards(self, act: Callable[[], None]) -> None:
        """Do this once what is being written is on the disk; never, if it is taken back."""
        with self.lock:
            self._afterwards.append(act)

    def get(self, kind: str, identifier: str) -> Thing | None:
        """The object, or None."""
        with self.lock:
            query = "SELECT body FROM things WHERE kind = ? AND id = ?"
            row = self._db.execute(query, (kind, identifier)).fetchone()
        return json.loads(row[0]) if row else None

    def put(self, kind: str, identifier: str, thing: Thing) -> None:
        """Keep the object as it is now."""
        with self.lock:
            self._db.execute(
                "INSERT INTO things (kind, id, body) VALUES (?, ?, ?)"
                " ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
                (kind, identifier, json.dumps(thing)),
            )

    def remove(self, kind: str, identifier: str) -> None:
        """Forget the object."""
        with self.lock:
            self._db.execute("DELETE FROM things WHERE kind = ? AND id = ?", (kind, identifier))

    def all(self, kind: str) -> list[Thing]:
        """Every object of the kind, newest first."""
        with self.lock:
            query = "SELECT body FROM things WHERE kind = ? ORDER BY at DESC"
            rows = self._db.execute(query, (kind,)).fetchall()
        return [json.loads(body) for (body,) in rows]

    def clear(self, kind: str | None = None) -> None:
        """Forget everything, or everything of one kind."""
        with self.lock:
            self._db.execute("DELETE FROM things WHERE ? IS NULL OR kind = ?", (kind, kind))

    def close(self) -> None:
        """Let go of the file."""
        with self.lock:
            self._db.close()

    def _due(self) -> list[Callable[[], None]]:
        if self._depth:
            return []
        due, self._afterwards = self._afterwards, []
        return due


def connect(path: Path | None = None) -> sqlite3.Connection:
    """Open the books, made at first use, with a log of how to undo each change."""
    db = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute(
        "CREATE TABLE IF NOT EXISTS things"
        " (kind TEXT, id TEXT, body TEXT, at INTEGER PRIMARY KEY AUTOINCREMENT, UNIQUE (kind, id))"
    )
    undo_log.install(db)
    return db
