"""Whether something changed since it was last built or deployed."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def of(files: Iterable[Path], texts: Iterable[str] = ()) -> str:
    """A hash of the files' paths and contents, and of the texts."""
    total = hashlib.sha256()
    for text in texts:
        total.update(text.encode() + b"\0")
    for file in files:
        total.update(str(file).encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def noted(file: Path) -> str | None:
    """The hash noted there, if any."""
    return file.read_text() if file.exists() else None


def note(file: Path, value: str) -> None:
    """Remember a hash."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(value)
