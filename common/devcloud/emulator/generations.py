"""Read and write the saved states (generations) of the local AWS.

A generation is a file, named by the moment (ns since the epoch) of its state and published by an
atomic rename. It has a line of JSON for each service. The last line has the checksum of the others
and the names of the Lambda zips (blobs) that are stored beside the file.
"""

import json
import os
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEPT = 2
BLOBS = "lambda-blobs"
_SUFFIX = ".state"

State = dict[str, Any]
Encode = Callable[[State], str]


class Unreadable(RuntimeError):
    """A generation is damaged or incomplete."""


@dataclass(frozen=True)
class Generation:
    """One saved state."""

    path: Path

    @property
    def moment(self) -> int:
        """Return the moment of the state, in ns since the epoch."""
        return int(self.path.stem)

    def lines(self) -> list[bytes]:
        """Return a line of JSON for each service.

        Raises: Unreadable when the file is damaged or a zip is missing.
        """
        try:
            body, _, last = self.path.read_bytes().rstrip(b"\n").rpartition(b"\n")
            end = json.loads(last)
            whole = end["crc32"] == zlib.crc32(body + b"\n")
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise Unreadable(f"{self.path} cannot be read: {exc}") from None
        if not whole:
            raise Unreadable(f"{self.path} is damaged")
        for blob in end["blobs"]:
            if not self.path.with_name(BLOBS).joinpath(f"{blob}.zip").exists():
                raise Unreadable(f"{self.path} needs the zip {blob}, which is missing")
        return body.split(b"\n")

    def is_readable(self) -> bool:
        """Return whether the state can be restored."""
        try:
            self.lines()
        except Unreadable:
            return False
        return True

    def blobs(self) -> set[str]:
        """Return the names of the Lambda zips that it needs. Raises: Unreadable."""
        self.lines()
        return set(json.loads(self.path.read_bytes().rstrip(b"\n").rpartition(b"\n")[2])["blobs"])


def list_all(directory: Path) -> list[Generation]:
    """List all generations, the newest first."""
    generations = [
        Generation(path) for path in directory.glob(f"*{_SUFFIX}") if path.stem.isdigit()
    ]
    return sorted(generations, key=lambda generation: generation.moment, reverse=True)


def write(
    directory: Path,
    moment: int,
    states: Mapping[str, Callable[[], State | None]],
    encode: Encode,
    blobs: Callable[[], Iterable[str]],
    may_publish: Callable[[], bool],
) -> int:
    """Save the state of every service, all or nothing. Return the size in bytes.

    Raises: OSError when the disk is full, Unreadable when `may_publish` returns False at the end.
    """
    partial = directory / f"{moment}.partial"
    try:
        with partial.open("wb") as out:
            checksum = 0
            for service, get_state in states.items():
                if (state := get_state()) is not None:
                    line = encode({"service": service, "payload": state}).encode() + b"\n"
                    checksum = zlib.crc32(line, checksum)
                    out.write(line)
            out.write(json.dumps({"crc32": checksum, "blobs": sorted(blobs())}).encode() + b"\n")
            out.flush()
            os.fsync(out.fileno())
            size = out.tell()
        if not may_publish():
            raise Unreadable(f"{partial} belongs to an AWS that has ended")
        os.replace(partial, directory / f"{moment}{_SUFFIX}")
        _sync(directory)
    finally:
        partial.unlink(missing_ok=True)
    return size


def prune(directory: Path) -> None:
    """Remove all but the newest generations and the zips that none of them needs."""
    generations = list_all(directory)
    for old in generations[KEPT:]:
        old.path.unlink(missing_ok=True)
    needed: set[str] = set().union(
        *(each.blobs() for each in generations[:KEPT] if each.is_readable())
    )
    for blob in (directory / BLOBS).glob("*.zip"):
        if blob.stem not in needed:
            blob.unlink(missing_ok=True)


def drop_after(directory: Path, moment: int) -> None:
    """Remove the generations after this moment and those that were never finished."""
    for generation in list_all(directory):
        if generation.moment > moment:
            generation.path.unlink(missing_ok=True)
    for partial in directory.glob("*.partial"):
        partial.unlink(missing_ok=True)


def is_flat(directory: Path) -> bool:
    """Return whether there is a state in the former format: a file per service."""
    return (directory / "dynamodb.json").exists()


def flat_moment(directory: Path) -> int:
    """Return when the state in the former format was saved, in ns since the epoch."""
    return (directory / "dynamodb.json").stat().st_mtime_ns


def remove_flat(directory: Path) -> None:
    """Remove the state in the former format. Called once it is saved as a generation."""
    for file in directory.glob("*.json"):
        file.unlink(missing_ok=True)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
