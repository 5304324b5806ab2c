"""Save the state of the local AWS while it runs.

A kill of the process loses at most LOST_SECONDS, unless the machine is so busy, or the state so
large, that saving takes longer. The log then says so.
"""

import asyncio
import functools
import json
import sys
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import replace
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core import persistence
from ministack.services import cloudformation

from devcloud.emulator import critical_sections, generations, heartbeat, state_copies
from devcloud.emulator.state_copies import NotSaved, StateCopy

LOST_SECONDS = 5.0
_POLL_SECONDS = 0.25
_DEPLOY_SECONDS = 60  # that snapshots wait for a stack to be complete
_FINISH_SECONDS = 120  # that the last snapshot waits for critical sections
_READS = ("Get", "List", "Describe", "Query", "Scan", "BatchGet", "TransactGet")
_READ_METHODS = ("GET", "HEAD", "OPTIONS")


class Snapshots:
    """The saved states of one AWS."""

    def __init__(self, directory: Path, every_seconds: float) -> None:
        self._directory, self._every_seconds = directory, every_seconds
        self._stopping = threading.Event()
        self._saved_changes = -1  # this process has saved no state yet
        self._forked_at = self._deploying_since = 0.0
        self._last = heartbeat.read(directory) or heartbeat.Heartbeat()
        self._last = replace(self._last, is_stopped=False, error="")
        self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)

    def start(self, restored: int) -> None:
        """Save what changes from now on. Called on the event loop."""
        self._loop = asyncio.get_running_loop()
        if self._last.generation != restored:
            self._last = replace(self._last, generation=restored, unchanged_until=0)
        self._beat()
        self._thread.start()

    def finish(self, *_: Any) -> None:
        """Save the last state and record in the heartbeat whether that succeeded.

        Called on the event loop, at its end.
        """
        self._stopping.set()
        self._thread.join()
        deadline = time.monotonic() + _FINISH_SECONDS
        while (copied := self._fork()) is None and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        if copied and self._complete(copied):
            self._last = replace(self._last, is_stopped=True)
        self._beat()

    def _run(self) -> None:
        while not self._stopping.wait(_POLL_SECONDS):
            self._beat()
            if self._is_due():
                request: Future[StateCopy | None] = Future()
                self._loop.call_soon_threadsafe(self._fork_for, request)
                if copied := self._await_copy(request):
                    self._complete(copied)

    def _fork_for(self, request: "Future[StateCopy | None]") -> None:
        if request.set_running_or_notify_cancel():
            request.set_result(self._fork())

    def _await_copy(self, request: "Future[StateCopy | None]") -> StateCopy | None:
        while not self._stopping.is_set() or request.done():
            try:
                return request.result(timeout=_POLL_SECONDS)
            except NotYet:
                self._beat()
        request.cancel()
        return None

    def _is_due(self) -> bool:
        if (
            critical_sections.changes == self._saved_changes
            or time.monotonic() < self._forked_at + self._every_seconds
        ):
            return False
        return not self._is_deploying()

    def _is_deploying(self) -> bool:
        """Return whether a stack is incomplete: after a restart nothing could complete it."""
        stacks = list(cloudformation._stacks._data.values())
        if not any(stack.get("StackStatus", "").endswith("_IN_PROGRESS") for stack in stacks):
            self._deploying_since = 0.0
            return False
        self._deploying_since = self._deploying_since or time.monotonic()
        return time.monotonic() < self._deploying_since + _DEPLOY_SECONDS

    def _fork(self) -> StateCopy | None:
        """Copy the process. None while that is not possible."""
        try:
            copied = state_copies.fork(self._directory)
        except NotSaved as exc:
            self._record_failure(str(exc))
            return None
        if copied:
            self._forked_at = time.monotonic()
            self._last = replace(self._last, fork_ms=copied.fork_ms)
        return copied

    def _complete(self, copied: StateCopy) -> bool:
        """Wait for the copy and record its result. Return whether the state is saved."""
        try:
            size, cpu_ms = copied.await_size(self._beat)
        except (NotSaved, ValueError) as exc:
            self._record_failure(str(exc))
            return False
        seconds = time.monotonic() - self._forked_at
        self._saved_changes = copied.changes
        self._last = replace(
            self._last,
            generation=copied.moment,
            unchanged_until=copied.moment,
            error="",
            save_ms=round(seconds * 1000, 1),
            cpu_ms=cpu_ms,
            size=size,
        )
        self._beat()
        if seconds + self._every_seconds > LOST_SECONDS:
            _log(
                f"Saving the state took {seconds:.1f} s ({size / 1e6:.0f} MB):"
                f" a kill now loses more than {LOST_SECONDS:.0f} s"
            )
        generations.prune(self._directory)
        generations.remove_flat(self._directory)
        return True

    def _record_failure(self, reason: str) -> None:
        self._last = replace(self._last, error=reason)
        _log(f"The state was not saved: {reason}")

    def _beat(self) -> None:
        now = time.time_ns()
        if critical_sections.changes == self._saved_changes:
            self._last = replace(self._last, unchanged_until=now)
        self._last = replace(self._last, at=now)
        try:
            heartbeat.write(self._directory, self._last)
        except OSError as exc:
            _log(f"The heartbeat was not written: {exc}")


def apply(directory: Path, moment: int, every_seconds: float) -> None:
    """Make ministack restore the state of this moment (0: none) and save its changes."""
    directory.mkdir(parents=True, exist_ok=True)
    generations.drop_after(directory, moment)
    snapshots = Snapshots(directory, every_seconds)
    load = app._load_persisted_state
    if moment and not generations.is_flat(directory):
        saved = generations.Generation(directory / f"{moment}.state")
        app.load_state = functools.partial(_load, _by_service(saved.lines()))

    def restore() -> None:
        load()
        snapshots.start(moment)

    app._load_persisted_state = restore
    app.save_all = snapshots.finish
    app.app = _count_changes(app.app)


def _by_service(lines: Iterable[bytes]) -> dict[str, bytes]:
    prefix = b'{"service": "'
    return {line[len(prefix) :].split(b'"', 1)[0].decode(): line for line in lines}


def _load(lines: dict[str, bytes], service: str) -> Any:
    line = lines.pop(service, None)
    return json.loads(line, object_hook=persistence._json_object_hook)["payload"] if line else None


def _count_changes(serve: Any) -> Any:
    """Wrap the ASGI app: count a change before and after each request that may write."""

    async def counted(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or _is_read(scope):
            return await serve(scope, receive, send)
        critical_sections.count_change()
        try:
            await serve(scope, receive, send)
        finally:
            critical_sections.count_change()

    return counted


def _is_read(scope: Any) -> bool:
    if scope["method"] in _READ_METHODS:
        return True
    target = next(
        (value for name, value in scope["headers"] if name.lower() == b"x-amz-target"), b""
    )
    return target.decode("latin-1").rpartition(".")[2].startswith(_READS)


def _log(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
