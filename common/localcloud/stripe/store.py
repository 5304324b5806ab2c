"""The gateway's books: JSON objects by kind and id, on the disk before anybody hears of them."""

import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

Thing = dict[str, Any]


class Store:
    """Objects of a few kinds; `lock` is held by whoever changes several of them together."""

    def __init__(self, path: Path | None = None) -> None:
        self.lock = threading.RLock()
        self._db = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS things"
            " (kind TEXT, id TEXT, body TEXT, at INTEGER PRIMARY KEY AUTOINCREMENT, UNIQUE (kind, id))"
        )

    def get(self, kind: str, identifier: str) -> Thing | None:
        """The object, or None."""
        row = self._row("SELECT body FROM things WHERE kind = ? AND id = ?", kind, identifier)
        return json.loads(row[0]) if row else None

    def put(self, kind: str, identifier: str, thing: Thing) -> None:
        """Keep the object as it is now."""
        with self.lock:
            self._db.execute(
                "INSERT INTO things (kind, id, body) VALUES (?, ?, ?)"
                " ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
                (kind, identifier, json.dumps(thing)),
            )

    def all(self, kind: str) -> list[Thing]:
        """Every object of the kind, newest first."""
        with self.lock:
            rows = self._db.execute(
                "SELECT body FROM things WHERE kind = ? ORDER BY at DESC", (kind,)
            ).fetchall()
        return [json.loads(body) for (body,) in rows]

    def clear(self) -> None:
        """Forget everything."""
        with self.lock:
            self._db.execute("DELETE FROM things")

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _row(self, query: str, *values: str) -> Any:
        with self.lock:
            return self._db.execute(query, values).fetchone()
