"""Record until when the local AWS ran, which state is saved, and how it ended.

The file has a fixed size and is overwritten in place, so that a full disk can be recorded too.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

_SIZE = 1024
_FILE = "heartbeat"


@dataclass(frozen=True)
class Heartbeat:
    """The last sign of life of a process. Moments are ns since the epoch."""

    at: int = 0
    generation: int = 0  # the newest saved state
    unchanged_until: int = 0  # nothing changed between that state and this moment
    is_stopped: bool = False  # ended by SIGTERM, with everything saved
    error: str = ""  # why the last attempt to save failed
    fork_ms: float = 0.0
    save_ms: float = 0.0
    cpu_ms: float = 0.0
    size: int = 0  # of the saved state, in bytes


def write(directory: Path, heartbeat: Heartbeat) -> None:
    """Overwrite the last heartbeat. The error is cut if it is too long."""
    text = json.dumps(asdict(heartbeat))
    if len(text) > _SIZE:
        text = json.dumps(asdict(heartbeat) | {"error": heartbeat.error[:200]})
    descriptor = os.open(directory / _FILE, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.pwrite(descriptor, text.ljust(_SIZE).encode()[:_SIZE], 0)
    finally:
        os.close(descriptor)


def read(directory: Path) -> Heartbeat | None:
    """Return the last heartbeat, or None if there is none that can be read."""
    try:
        return Heartbeat(**json.loads((directory / _FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return None
