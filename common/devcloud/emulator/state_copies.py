"""Save the state of the local AWS from a copy of its process, made by fork.

The copy holds the state of one instant and writes it while the server goes on.
"""

import base64
import contextlib
import copy
import functools
import gc
import json
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core import persistence
from ministack.services import cloudwatch_logs, dynamodb, lambda_svc, sqs

from devcloud.emulator import critical_sections, generations

_QUIESCE_SECONDS = 0.1
_SAVE_SECONDS = 120  # after which the copy is killed
_POLL_MILLISECONDS = 250

_externalize_code_zip = lambda_svc._externalize_code_zip


class NotSaved(RuntimeError):
    """The copy could not save the state. The message says why."""


@dataclass(frozen=True)
class StateCopy:
    """A copy of this process that saves its state."""

    pid: int
    pipe: int  # receives the size of the saved state, or the reason why there is none
    moment: int
    changes: int
    fork_ms: float

    def await_size(self, beat: Callable[[], None]) -> tuple[int, float]:
        """Wait for the end of the copy. Return the size in bytes and its CPU time in ms.

        `beat` is called meanwhile, four times a second. Raises: NotSaved.
        """
        message = self._read_message(beat).decode(errors="replace")
        _, code, usage = os.wait4(self.pid, 0)
        if status := os.waitstatus_to_exitcode(code):
            raise NotSaved(message or f"the copy of the process ended with {status}")
        return int(message), round((usage.ru_utime + usage.ru_stime) * 1000, 1)

    def _read_message(self, beat: Callable[[], None]) -> bytes:
        message, deadline = b"", time.monotonic() + _SAVE_SECONDS
        poll = select.poll()
        poll.register(self.pipe, select.POLLIN)
        while True:
            if poll.poll(_POLL_MILLISECONDS):
                if not (more := os.read(self.pipe, 4096)):
                    break
                message += more
            elif time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
            beat()
        os.close(self.pipe)
        return message


def fork(directory: Path) -> StateCopy | None:
    """Copy the process. None while a thread is in a critical section.

    Raises: NotSaved when the system has no room for a copy.
    """
    with critical_sections.quiesced(_locks(), _QUIESCE_SECONDS) as is_quiet:
        if not is_quiet:
            return None
        _module_locks(len(sys.modules))
        moment, changes, began = time.time_ns(), critical_sections.changes, time.perf_counter()
        reading, writing = os.pipe()
        parent = os.getpid()
        try:
            child = os.fork()
        except OSError as exc:
            raise NotSaved(f"no copy of the process: {exc.strerror}") from None
        if child == 0:
            _save_and_exit(directory, moment, writing, parent)
    os.close(writing)
    fork_ms = round((time.perf_counter() - began) * 1000, 1)
    return StateCopy(child, reading, moment, changes, fork_ms)


def _locks() -> list[Any]:
    """Return the locks that threads of ministack hold during a change."""
    return [
        sqs._queues_lock,
        dynamodb._lock,
        dynamodb._stream_seq_lock,
        lambda_svc._dynamodb_stream_positions_lock,
        cloudwatch_logs._log_events_lock,
    ]


def _save_and_exit(directory: Path, moment: int, pipe: int, parent: int) -> None:
    """Run the copy: save the state, write its size or the error to the pipe, and exit."""
    status = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        gc.disable()
        _close_descriptors_except(pipe)
        _replace_locks(len(sys.modules))
        message = str(_save(directory, moment, parent))
        status = 0
    except BaseException as exc:
        message = f"{exc.strerror}" if isinstance(exc, OSError) and exc.strerror else f"{exc!r}"
    try:
        os.write(pipe, message.encode()[:4000])
    finally:
        os._exit(status)


def _save(directory: Path, moment: int, parent: int) -> int:
    blobs: set[str] = set()
    # Nothing else changes the state of the copy.
    copy.deepcopy = lambda state, memo=None: state  # type: ignore[assignment, misc]
    lambda_svc._prune_orphan_code_blobs = blobs.update
    lambda_svc._externalize_code_zip = _externalize_by_checksum
    return generations.write(
        directory,
        moment,
        app._build_persistence_save_dict(),
        functools.partial(json.dumps, default=persistence._json_default),
        lambda: blobs,
        lambda: os.getppid() == parent,
    )


def _close_descriptors_except(pipe: int) -> None:
    """Close sockets and pipes of Lambdas, which must end with the original process."""
    for name in os.listdir("/dev/fd"):
        if (descriptor := int(name)) > 2 and descriptor != pipe:
            with contextlib.suppress(OSError):  # the one by which the directory was read
                os.close(descriptor)


def _replace_locks(modules: int) -> None:
    """Replace the locks of ministack. The threads that held them are not in the copy."""
    for module, name, make in _module_locks(modules):
        setattr(module, name, make())


@functools.lru_cache(maxsize=1)
def _module_locks(modules: int) -> list[tuple[Any, str, Callable[[], Any]]]:
    """Find the locks of ministack. Cached for one number of modules."""
    kinds = {type(threading.Lock()): threading.Lock, type(threading.RLock()): threading.RLock}
    return [
        (module, name, kinds[type(value)])
        for path, module in list(sys.modules.items())
        if path.startswith("ministack.")
        for name, value in list(vars(module).items())
        if type(value) in kinds
    ]


def _externalize_by_checksum(function: dict[str, Any], referenced: set[str]) -> None:
    """Refer to the zip of a Lambda by its checksum. Write it if it is missing."""
    checksum = base64.b64decode((function.get("config") or {}).get("CodeSha256") or "").hex()
    blob = Path(lambda_svc.CODE_BLOB_DIR, f"{checksum}.zip")
    if isinstance(function.get("code_zip"), bytes) and blob.exists():
        function["code_zip"] = {lambda_svc._BLOB_REF_KEY: checksum}
        referenced.add(checksum)
    else:
        _externalize_code_zip(function, referenced)
