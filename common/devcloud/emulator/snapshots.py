"""Saves the state of the local AWS while it runs: a copy of the process, made in an instant, writes it down at leisure.

At most LOST_SECONDS are lost when this process is killed, unless the machine is so busy, or the state so large, that saving it
takes longer; then the log says so.
"""

import asyncio
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
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core import persistence
from ministack.services import cloudformation, cloudwatch_logs, dynamodb, lambda_svc, sqs

from devcloud.emulator import gate, generations, heartbeat

LOST_SECONDS = 5.0
_LOOK_SECONDS = 0.25
_QUIESCE_SECONDS = 0.1
_DEPLOY_SECONDS = 60  # that snapshots wait for a stack to be whole
_SAVE_SECONDS = 120  # after which a copy is given up
_READS = ("Get", "List", "Describe", "Query", "Scan", "BatchGet", "TransactGet")
_READ_METHODS = ("GET", "HEAD", "OPTIONS")

_externalize_code_zip = lambda_svc._externalize_code_zip


class NotSaved(RuntimeError):
    """The copy could not write the state down; the message says why."""


@dataclass(frozen=True)
class Copy:
    """A copy of this process that saves its state."""

    pid: int
    pipe: int  # on which it says what became of it
    moment: int
    changes: int


class Snapshots:
    """The state of one AWS on the disk."""

    def __init__(self, directory: Path, every_seconds: float) -> None:
        self._directory, self._every_seconds = directory, every_seconds
        self._over = threading.Event()
        self._saved_changes = -1  # no state of this process is saved yet
        self._forked_at = self._deploying_since = 0.0
        self._last = heartbeat.read(directory) or heartbeat.Heartbeat()
        self._last = replace(self._last, is_stopped=False, error="")
        self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)

    def begin(self, restored: int) -> None:
        """Save what changes from now on; called on the event loop."""
        self._loop = asyncio.get_running_loop()
        if self._last.generation != restored:
            self._last = replace(self._last, generation=restored, unchanged_until=0)
        self._beat()
        self._thread.start()

    def finish(self, *_: Any) -> None:
        """Save all that there is, and say in the heartbeat whether that went well. Called on the event loop, at its end."""
        self._over.set()
        self._thread.join()
        deadline = time.monotonic() + _SAVE_SECONDS
        while (child := self._fork()) is None and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
        if child and self._is_saved(child):
            self._last = replace(self._last, is_stopped=True)
        self._beat()

    def _run(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            self._beat()
            if self._is_due():
                asked: Future[Copy | None] = Future()
                self._loop.call_soon_threadsafe(self._fork_if_awaited, asked)
                if child := self._await(asked):
                    self._is_saved(child)

    def _fork_if_awaited(self, asked: "Future[Copy | None]") -> None:
        if asked.set_running_or_notify_cancel():
            asked.set_result(self._fork())

    def _await(self, asked: "Future[Copy | None]") -> "Copy | None":
        while not self._over.is_set() or asked.done():
            try:
                return asked.result(timeout=_LOOK_SECONDS)
            except NotYet:
                self._beat()
        asked.cancel()
        return None

    def _is_due(self) -> bool:
        if (
            gate.changes == self._saved_changes
            or time.monotonic() < self._forked_at + self._every_seconds
        ):
            return False
        return not self._is_deploying()

    def _is_deploying(self) -> bool:
        """Whether a stack is half made: nobody could finish it after a restart."""
        stacks = list(cloudformation._stacks._data.values())
        if not any(stack.get("StackStatus", "").endswith("_IN_PROGRESS") for stack in stacks):
            self._deploying_since = 0.0
            return False
        self._deploying_since = self._deploying_since or time.monotonic()
        return time.monotonic() < self._deploying_since + _DEPLOY_SECONDS

    def _fork(self) -> "Copy | None":
        """Copy the process; None while somebody is in the middle of something, or where the system has no room for a copy."""
        with gate.quiesced(_locks(), _QUIESCE_SECONDS) as is_quiet:
            if not is_quiet:
                return None
            _module_locks(len(sys.modules))
            moment, changes, began = time.time_ns(), gate.changes, time.perf_counter()
            reading, writing = os.pipe()
            parent = os.getpid()
            try:
                child = os.fork()
            except OSError as exc:
                self._note_failure(f"no copy of the process: {exc.strerror}")
                return None
            if child == 0:
                _save_and_exit(self._directory, moment, writing, parent)
        os.close(writing)
        self._forked_at = time.monotonic()
        self._last = replace(self._last, fork_ms=round((time.perf_counter() - began) * 1000, 1))
        return Copy(child, reading, moment, changes)

    def _note_failure(self, reason: str) -> None:
        self._last = replace(self._last, error=reason)
        print(f"The state was not saved: {reason}", file=sys.stderr, flush=True)

    def _is_saved(self, copied: "Copy") -> bool:
        try:
            size = int(self._outcome(copied))
        except (NotSaved, ValueError) as exc:
            self._note_failure(str(exc))
            return False
        seconds = time.monotonic() - self._forked_at
        self._saved_changes = copied.changes
        self._last = replace(
            self._last,
            generation=copied.moment,
            unchanged_until=copied.moment,
            error="",
            save_ms=round(seconds * 1000, 1),
            size=size,
        )
        self._beat()
        if seconds + self._every_seconds > LOST_SECONDS:
            late = f"Saving the state took {seconds:.1f} s ({size / 1e6:.0f} MB): a kill now loses more than"
            print(f"{late} {LOST_SECONDS:.0f} s", file=sys.stderr, flush=True)
        generations.prune(self._directory)
        generations.remove_flat(self._directory)
        return True

    def _outcome(self, copied: "Copy") -> str:
        """What the copy says at its end. Raises: NotSaved."""
        said, deadline = b"", time.monotonic() + _SAVE_SECONDS
        look = select.poll()
        look.register(copied.pipe, select.POLLIN)
        while True:
            if look.poll(_LOOK_SECONDS * 1000):
                if not (more := os.read(copied.pipe, 4096)):
                    break
                said += more
            elif time.monotonic() > deadline:
                os.kill(copied.pid, signal.SIGKILL)
            self._beat()
        os.close(copied.pipe)
        _, code, usage = os.wait4(copied.pid, 0)
        status = os.waitstatus_to_exitcode(code)
        self._last = replace(self._last, cpu_ms=round((usage.ru_utime + usage.ru_stime) * 1000, 1))
        if status:
            raise NotSaved(
                said.decode(errors="replace") or f"the copy of the process ended with {status}"
            )
        return said.decode()

    def _beat(self) -> None:
        now = time.time_ns()
        if gate.changes == self._saved_changes:
            self._last = replace(self._last, unchanged_until=now)
        self._last = replace(self._last, at=now)
        try:
            heartbeat.write(self._directory, self._last)
        except OSError as exc:
            print(f"The heartbeat was not written: {exc}", file=sys.stderr, flush=True)


def apply(directory: Path, moment: int, every_seconds: float) -> None:
    """Have ministack restore the state of this moment (0: none), and save its own as it changes."""
    directory.mkdir(parents=True, exist_ok=True)
    generations.drop_after(directory, moment)
    snapshots = Snapshots(directory, every_seconds)
    load = app._load_persisted_state
    lines = {}
    if moment and not generations.is_flat(directory):
        lines = _by_service(generations.Generation(directory / f"{moment}.state").lines())
        app.load_state = functools.partial(_load, lines)

    def restore() -> None:
        load()
        snapshots.begin(moment)

    app._load_persisted_state = restore
    app.save_all = snapshots.finish
    app.app = _counted(app.app)


def _by_service(lines: Iterable[bytes]) -> dict[str, bytes]:
    begun = b'{"service": "'
    return {line[len(begun) :].split(b'"', 1)[0].decode(): line for line in lines}


def _load(lines: dict[str, bytes], service: str) -> Any:
    line = lines.pop(service, None)
    return json.loads(line, object_hook=persistence._json_object_hook)["payload"] if line else None


def _counted(serve: Any) -> Any:
    """Count what requests change, as they begin and as they end."""

    async def counted(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or _is_read(scope):
            return await serve(scope, receive, send)
        gate.count_change()
        try:
            await serve(scope, receive, send)
        finally:
            gate.count_change()

    return counted


def _is_read(scope: Any) -> bool:
    if scope["method"] in _READ_METHODS:
        return True
    target = next(
        (value for name, value in scope["headers"] if name.lower() == b"x-amz-target"), b""
    )
    return target.decode("latin-1").rpartition(".")[2].startswith(_READS)


def _locks() -> list[Any]:
    """Held by threads of ministack while something is half done."""
    return [
        sqs._queues_lock,
        dynamodb._lock,
        dynamodb._stream_seq_lock,
        lambda_svc._dynamodb_stream_positions_lock,
        cloudwatch_logs._log_events_lock,
    ]


def _save_and_exit(directory: Path, moment: int, pipe: int, parent: int) -> None:
    """In the copy: write the state down, tell the pipe its size or what failed, and end."""
    status = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        gc.disable()
        _close_all_but(pipe)
        _free_locks(len(sys.modules))
        said = str(_save(directory, moment, parent))
        status = 0
    except BaseException as exc:
        said = f"{exc.strerror}" if isinstance(exc, OSError) and exc.strerror else f"{exc!r}"
    try:
        os.write(pipe, said.encode()[:4000])
    finally:
        os._exit(status)


def _save(directory: Path, moment: int, parent: int) -> int:
    blobs: set[str] = set()
    # Nothing changes the state of this copy of the process any more.
    copy.deepcopy = lambda state, memo=None: state  # type: ignore[assignment, misc]
    lambda_svc._prune_orphan_code_blobs = blobs.update
    lambda_svc._externalize_code_zip = _keep_code
    return generations.write(
        directory,
        moment,
        app._build_persistence_save_dict(),
        functools.partial(json.dumps, default=persistence._json_default),
        lambda: blobs,
        lambda: os.getppid() == parent,
    )


def _close_all_but(pipe: int) -> None:
    """Let go of sockets and of Lambdas' pipes: they must end with the process that this is a copy of."""
    for name in os.listdir("/dev/fd"):
        if (descriptor := int(name)) > 2 and descriptor != pipe:
            with contextlib.suppress(OSError):  # the one that the directory was read with
                os.close(descriptor)


def _free_locks(modules: int) -> None:
    """Exchange ministack's locks: the threads that held them are not in the copy."""
    for module, name, make in _module_locks(modules):
        setattr(module, name, make())


@functools.lru_cache(maxsize=1)
def _module_locks(modules: int) -> list[tuple[Any, str, Callable[[], Any]]]:
    """Where they are, as long as there are so many modules."""
    kinds = {type(threading.Lock()): threading.Lock, type(threading.RLock()): threading.RLock}
    return [
        (module, name, kinds[type(value)])
        for path, module in list(sys.modules.items())
        if path.startswith("ministack.")
        for name, value in list(vars(module).items())
        if type(value) in kinds
    ]


def _keep_code(function: dict[str, Any], referenced: set[str]) -> None:
    """Refer to the function's zip by the checksum that Lambda has of it, and write it down if it is new."""
    checksum = base64.b64decode((function.get("config") or {}).get("CodeSha256") or "").hex()
    blob = Path(lambda_svc.CODE_BLOB_DIR, f"{checksum}.zip")
    if isinstance(function.get("code_zip"), bytes) and blob.exists():
        function["code_zip"] = {lambda_svc._BLOB_REF_KEY: checksum}
        referenced.add(checksum)
    else:
        _externalize_code_zip(function, referenced)
