"""The index: an SQLite database with FTS5, in memory and as bytes."""

import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chalicelib.search import spelling, words
from chalicelib.search.documents import CategoryRecord, Document

SCHEMA = 1  # counted up with each change of the tables: an index of another one is not read
_TABLES = """
CREATE TABLE products (
  row INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, status TEXT NOT NULL, sortName TEXT NOT NULL,
  currency TEXT NOT NULL, price INTEGER NOT NULL, available INTEGER NOT NULL,
  sold INTEGER NOT NULL, createdAt TEXT NOT NULL, texts TEXT NOT NULL, card TEXT NOT NULL,
  indexedAt TEXT NOT NULL);
CREATE INDEX byPrice ON products (status, currency, price, id);
CREATE INDEX byTime ON products (indexedAt);
CREATE TABLE memberships (
  category TEXT, row INTEGER, PRIMARY KEY (category, row)) WITHOUT ROWID;
CREATE INDEX categoriesOfRow ON memberships (row);
CREATE TABLE attributes (
  key TEXT, folded TEXT, row INTEGER, name TEXT, type TEXT, value TEXT, label TEXT,
  PRIMARY KEY (key, folded, row)) WITHOUT ROWID;
CREATE INDEX attributesOfRow ON attributes (row);
CREATE TABLE categories (slug TEXT PRIMARY KEY, name TEXT NOT NULL, parent TEXT) WITHOUT ROWID;
CREATE TABLE trigrams (trigram TEXT, word TEXT, PRIMARY KEY (trigram, word)) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5 (
  name, keywords, description, tokenize = 'ascii', prefix = '1 2 3');
CREATE VIRTUAL TABLE vocabulary USING fts5vocab (words, 'row');
"""


class SearchUnsupported(RuntimeError):
    """Python's SQLite has no FTS5, or cannot read a database from memory."""


class Index:
    """One version of the index. Safe for threads."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    @classmethod
    def create(cls) -> "Index":
        """Create an empty index. Raises: SearchUnsupported."""
        connection = _connect()
        connection.executescript(_TABLES)
        return cls(connection)

    @classmethod
    def load(cls, data: bytes) -> "Index":
        """Read an index from its bytes. Raises: SearchUnsupported, sqlite3.DatabaseError."""
        connection = _connect()
        connection.deserialize(data)
        connection.execute("SELECT count(*) FROM vocabulary WHERE term = ''").fetchone()
        return cls(connection)

    def dump(self) -> bytes:
        """Return the bytes of the index."""
        with self._lock:
            self._connection.commit()
            return self._connection.serialize()

    def query(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
        """Return all rows of a query."""
        with self._lock:
            return self._connection.execute(sql, parameters).fetchall()

    def put(self, document: Document, now: str) -> None:
        """Add a document, or replace the one of the same product."""
        with self._lock:
            known = self._connection.execute(
                "SELECT row, texts FROM products WHERE id = ?", [document.product_id]
            ).fetchone()
            row = self._put_product(document, known[0] if known else None, now)
            self._put_memberships(row, document)
            if not known or known[1] != document.texts:
                self._put_words(row, document)

    def set_categories(self, categories: Iterable[CategoryRecord]) -> None:
        """Replace the tree of categories."""
        with self._lock:
            self._connection.execute("DELETE FROM categories")
            self._connection.executemany(
                "INSERT INTO categories VALUES (?, ?, ?)",
                [(one.slug, one.name, one.parent) for one in categories],
            )

    def changed_since(self, moment: str) -> list[str]:
        """Return the ids of the products that were indexed since then."""
        found = self.query("SELECT id FROM products WHERE indexedAt >= ?", [moment])
        return [product_id for (product_id,) in found]

    def _put_product(self, document: Document, row: int | None, now: str) -> int:
        values = (
            row, document.product_id, document.status, words.fold(document.name),
            document.currency, document.price_minor, document.available, document.sold,
            document.created_at, document.texts, document.card, now,
        )  # fmt: skip
        placeholders = ", ".join("?" * len(values))
        cursor = self._connection.execute(
            f"INSERT OR REPLACE INTO products VALUES ({placeholders})",
            values,
        )
        return int(cursor.lastrowid or 0)

    def _put_memberships(self, row: int, document: Document) -> None:
        self._connection.execute("DELETE FROM memberships WHERE row = ?", [row])
        self._connection.executemany(
            "INSERT INTO memberships VALUES (?, ?)", [(slug, row) for slug in document.categories]
        )
        self._connection.execute("DELETE FROM attributes WHERE row = ?", [row])
        self._connection.executemany(
            "INSERT OR IGNORE INTO attributes VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (one.key, words.fold(one.value), row, one.name, one.type, one.value, one.label)
                for one in document.attributes
            ],
        )

    def _put_words(self, row: int, document: Document) -> None:
        texts = [words.indexed(text) for text in document.indexed_texts]
        self._connection.execute("DELETE FROM words WHERE rowid = ?", [row])
        self._connection.execute(
            "INSERT INTO words (rowid, name, keywords, description) VALUES (?, ?, ?, ?)",
            [row, *texts],
        )
        spelled = {word for text in texts for word in text.split() if spelling.max_errors(word)}
        self._connection.executemany(
            "INSERT OR IGNORE INTO trigrams VALUES (?, ?)",
            [(trigram, word) for word in spelled for trigram in spelling.trigrams(word)],
        )


def _connect() -> sqlite3.Connection:
    """Open a database in memory. Raises: SearchUnsupported."""
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    options = {option for (option,) in connection.execute("PRAGMA compile_options")}
    if "ENABLE_FTS5" not in options or not hasattr(connection, "deserialize"):
        raise SearchUnsupported(f"SQLite {sqlite3.sqlite_version} of this Python lacks FTS5")
    return connection
