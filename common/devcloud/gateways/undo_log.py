"""How a gateway's books come back to an earlier moment, that of the local AWS after a crash.

Each change leaves an entry with the moment and what the row was before. The moment is taken while the change is made, before
it is on the disk: whoever has acted on the change did so later.
"""

import sqlite3
import time

KEPT_SECONDS = 600  # entries that are older go, but for the newest KEPT_ENTRIES
KEPT_ENTRIES = 10_000
_PRUNE_EVERY = 1_000

_TRIGGERS = {
    "INSERT": "NEW.kind, NEW.id, NULL, NEW.at",
    "UPDATE": "OLD.kind, OLD.id, OLD.body, OLD.at",
    "DELETE": "OLD.kind, OLD.id, OLD.body, OLD.at",
}


def install(db: sqlite3.Connection) -> None:
    """Log every change of the table `things` from now on. Idempotent."""
    db.create_function("now_ns", 0, time.time_ns)
    db.execute(
        "CREATE TABLE IF NOT EXISTS undo (entry INTEGER PRIMARY KEY, moment INTEGER, kind TEXT, id TEXT,"
        " body TEXT, at INTEGER)"
    )
    db.execute("CREATE INDEX IF NOT EXISTS undo_moment ON undo (moment)")
    db.execute(
        f"CREATE TEMP TRIGGER prune AFTER INSERT ON undo WHEN NEW.entry % {_PRUNE_EVERY} = 0 BEGIN"
        f" DELETE FROM undo WHERE moment < NEW.moment - {KEPT_SECONDS * 10**9}"
        f" AND entry <= NEW.entry - {KEPT_ENTRIES}; END"
    )
    # The triggers are this connection's: one without the function could not write.
    for verb, row in _TRIGGERS.items():
        db.execute(
            f"CREATE TEMP TRIGGER log_{verb} AFTER {verb} ON things BEGIN"
            f" INSERT INTO undo (moment, kind, id, body, at) VALUES (now_ns(), {row}); END"
        )


def undo_after(db: sqlite3.Connection, moment: int) -> int:
    """Take back all that was changed after the moment (ns since the epoch; 0 empties the books); how many changes that was.

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
