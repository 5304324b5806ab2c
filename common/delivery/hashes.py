"""Hashes of inputs: what did not change is not built or deployed again."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def compute(files: Iterable[Path], texts: Iterable[str] = ()) -> str:
    """Hash the files' paths and contents, and the texts."""
    total = hashlib.sha256()
    for text in texts:
        total.update(text.encode() + b"\0")
    for file in files:
        total.update(str(file).encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def load(file: Path) -> str | None:
    """Return the hash that was saved there, if any."""
    return file.read_text() if file.exists() else None


def save(file: Path, value: str) -> None:
    """Save a hash."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(value)
