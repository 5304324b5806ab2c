"""Collect the log lines of an invocation without a fixed wait.

ministack waits 50 ms for a first line, in vain if an invocation logs nothing. A busy machine may
need longer, and the line then appears in the log of the next invocation, or never.

Here one lock is held while a line leaves the pipe and enters the queue of the worker. If the lock
is free and the pipe is empty, every line is in the queue.
"""

import os
import select
import threading
import time

from ministack.core.lambda_runtime import Worker

from devcloud.emulator.patching import require_parameters

_MAX_WAIT_SECONDS = 5.0
_POLL_SECONDS = 0.001
_CHUNK_BYTES = 65_536

_creation = threading.Lock()  # of the locks of the workers


def apply() -> None:
    """Read and drain the standard error of the workers under a lock."""
    require_parameters(
        Worker._drain_stderr_bounded, "self", "first_line_wait", "idle_confirm", "hard_cap"
    )
    require_parameters(Worker._read_stderr, "self")
    Worker._read_stderr = read_lines
    Worker._drain_stderr_bounded = drain_lines


def read_lines(worker: Worker) -> None:
    """Put the lines of one process into the worker's queue until the process ends."""
    pipe, lines, lock = worker._proc.stderr, worker._stderr_queue, _pipe_lock(worker)
    rest = b""
    while True:
        _has_data(pipe.fileno(), wait=True)
        with lock:
            read = os.read(pipe.fileno(), _CHUNK_BYTES)
            *complete, rest = (rest + read).split(b"\n")
            for line in complete if read else filter(None, [rest]):
                lines.put(line.decode(errors="replace"))
        if not read:
            return


def drain_lines(worker: Worker, *waits: float, **named: float) -> str:
    """Return all lines so far. A Lambda writes them before its answer."""
    deadline = time.monotonic() + _MAX_WAIT_SECONDS
    if worker._proc is None:  # the process was ended, so the pipe ends too
        worker._stderr_thread.join(_MAX_WAIT_SECONDS)
    while worker._proc is not None and worker._proc.stderr and time.monotonic() < deadline:
        with _pipe_lock(worker):
            if not _has_data(worker._proc.stderr.fileno(), wait=False):
                break
        time.sleep(_POLL_SECONDS)
    lines: str = worker._drain_stderr()
    return lines


def _pipe_lock(worker: Worker) -> threading.Lock:
    with _creation:
        lock: threading.Lock = worker.__dict__.setdefault("_pipe_lock", threading.Lock())
        return lock


def _has_data(pipe: int, *, wait: bool) -> bool:
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    events = poll.poll(None if wait else 0)
    return any(event & select.POLLIN for _, event in events)  # a hang-up alone is no data
