"""A Lambda that logs nothing answers at once, and what one logs is all there when it has answered.

ministack waits 50 ms for a line that never comes. On a busy machine those are not enough for one that does: it shows it under the
next call of the Lambda, or never. Here a line leaves the pipe and gets into ministack's queue under one lock: when nothing is in the
pipe, and nobody has the lock, there is nothing to wait for.
"""

import os
import select
import threading
import time
from typing import Any

from ministack.core.lambda_runtime import Worker

from devcloud.emulator.patching import expect_parameters

_AT_MOST_SECONDS = 5.0
_LOOK_SECONDS = 0.001
_CHUNK = 65_536

_turns = threading.Lock()  # for making each worker's own


def apply() -> None:
    """Read lines under a lock, and wait while one is on its way, no longer."""
    expect_parameters(
        Worker._drain_stderr_bounded, "self", "first_line_wait", "idle_confirm", "hard_cap"
    )
    expect_parameters(Worker._read_stderr, "self")
    patched: Any = Worker
    patched._read_stderr = _read
    patched._drain_stderr_bounded = _drain


def _read(worker: Any) -> None:
    """Put the lines of one process into the worker's queue, until the process ends."""
    pipe, lines, turn = worker._proc.stderr, worker._stderr_queue, _turn(worker)
    beginning = b""
    while True:
        _is_there_more(pipe.fileno(), wait=True)
        with turn:
            read = os.read(pipe.fileno(), _CHUNK)
            *whole, beginning = (beginning + read).split(b"\n")
            for line in whole if read else filter(None, [beginning]):
                lines.put(line.decode(errors="replace"))
        if not read:
            return


def _drain(worker: Any, *waits: float, **named: float) -> str:
    """All lines so far: a Lambda writes them before its answer."""
    end = time.monotonic() + _AT_MOST_SECONDS
    if worker._proc is None:  # it raised, and its process was ended: the pipe ends, too
        worker._stderr_thread.join(_AT_MOST_SECONDS)
    while worker._proc is not None and worker._proc.stderr and time.monotonic() < end:
        with _turn(worker):
            if not _is_there_more(worker._proc.stderr.fileno(), wait=False):
                break
        time.sleep(_LOOK_SECONDS)
    said: str = worker._drain_stderr()
    return said


def _turn(worker: Any) -> threading.Lock:
    with _turns:
        turn: threading.Lock = worker.__dict__.setdefault("_turn_at_the_pipe", threading.Lock())
        return turn


def _is_there_more(pipe: int, *, wait: bool) -> bool:
    look = select.poll()
    look.register(pipe, select.POLLIN)
    found = look.poll(None if wait else 0)
    return any(event & select.POLLIN for _, event in found)  # not if it only ended
