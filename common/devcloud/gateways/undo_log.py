"""Undo what a fake gateway did after some moment, that of the restored local AWS.

Each change leaves an entry with its time and the row before it. The time is taken before the
change is on the disk, so every reaction to the change came later.
"""

import sqlite3
import time

KEPT_SECONDS = 600  # older entries are pruned, except the newest KEPT_ENTRIES
KEPT_ENTRIES = 10_000
_PRUNE_EVERY = 1_000

_TRIGGERS = {
    "INSERT": "NEW.kind, NEW.id, NULL, NEW.at",
    "UPDATE": "OLD.kind, OLD.id, OLD.body, OLD.at",
    "DELETE": "OLD.kind, OLD.id, OLD.body, OLD.at",
}


def install(db: sqlite3.Connection) -> None:
    """Log every change of the table `things` through this connection. Idempotent."""
    db.create_function("now_ns", 0, time.time_ns)
    db.execute(
        "CREATE TABLE IF NOT EXISTS undo"
        " (entry INTEGER PRIMARY KEY, moment INTEGER, kind TEXT, id TEXT, body TEXT, at INTEGER)"
    )
    db.execute("CREATE INDEX IF NOT EXISTS undo_moment ON undo (moment)")
    db.execute(
        f"CREATE TEMP TRIGGER prune AFTER INSERT ON undo WHEN NEW.entry % {_PRUNE_EVERY} = 0 BEGIN"
        f" DELETE FROM undo WHERE moment < NEW.moment - {KEPT_SECONDS * 10**9}"
        f" AND entry <= NEW.entry - {KEPT_ENTRIES}; END"
    )
    # Temporary triggers, since a connection without the function could not write.
    for verb, row in _TRIGGERS.items():
        db.execute(
            f"CREATE TEMP TRIGGER log_{verb} AFTER {verb} ON things BEGIN"
            f" INSERT INTO undo (moment, kind, id, body, at) VALUES (now_ns(), {row}); END"
        )


def undo_after(db: sqlite3.Connection, moment: int) -> int:
    """Undo all changes after a moment in ns since 1970, 0 for all. Returns how many.

    Idempotent. All or nothing.
    """
    db.execute("BEGIN IMMEDIATE")
    entries = db.execute(
        "SELECT kind, id, body, at FROM undo WHERE moment > ? ORDER BY entry DESC", (moment,)
    ).fetchall()
    for kind, identifier, body, at in entries:
        db.execute("DELETE FROM things WHERE kind = ? AND id = ?", (kind, identifier))
        if body is not None:
            db.execute(
                "INSERT INTO things (kind, id, body, at) VALUES (?, ?, ?, ?)",
                (kind, identifier, body, at),
            )
    if moment == 0:
        db.execute("DELETE FROM things")
    db.execute("DELETE FROM undo WHERE moment > ?", (moment,))
    db.execute("COMMIT")
    return len(entries)
