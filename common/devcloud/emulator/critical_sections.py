"""Mark the critical sections that snapshots wait for, and count changes.

Requests are handled on the event loop, one at a time, and snapshots are taken on it too, so that
they never see half a request. Threads change the state in critical sections.
"""

import functools
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_count = itertools.count(1)
_lock = threading.RLock()

changes = 0  # differs from every earlier value once the state may have changed


def count_change() -> None:
    """Count a change of the state. Called before and after it."""
    global changes
    changes = next(_count)


@contextmanager
def critical_section() -> Iterator[None]:
    """Run one step of a thread: short, without calls of Lambdas or of this server."""
    with _lock:
        count_change()
        try:
            yield
        finally:
            count_change()


def atomic(function: Callable[..., Any]) -> Callable[..., Any]:
    """Run the function as a critical section."""

    @functools.wraps(function)
    def guarded(*arguments: Any, **named: Any) -> Any:
        with critical_section():
            return function(*arguments, **named)

    return guarded


def exclusive(function: Callable[..., Any]) -> Callable[..., Any]:
    """Run the function as a critical section without counting a change.

    For what seldom changes the state and then calls a function that is counted.
    """

    @functools.wraps(function)
    def guarded(*arguments: Any, **named: Any) -> Any:
        with _lock:
            return function(*arguments, **named)

    return guarded


def counted(function: Callable[..., Any]) -> Callable[..., Any]:
    """Count the function's changes. It is no critical section of its own."""

    @functools.wraps(function)
    def counting(*arguments: Any, **named: Any) -> Any:
        count_change()
        try:
            return function(*arguments, **named)
        finally:
            count_change()

    return counting


@contextmanager
def quiesced(locks: list[threading.Lock], seconds: float) -> Iterator[bool]:
    """Wait until no critical section runs and these locks are free, and hold them.

    Yields False if that takes longer than `seconds`.
    """
    deadline = time.monotonic() + seconds
    held: list[Any] = []
    try:
        wanted: list[Any] = [_lock, *locks]
        for lock in wanted:
            if not lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
                break
            held.append(lock)
        yield len(held) == len(wanted)
    finally:
        for lock in reversed(held):
            lock.release()
