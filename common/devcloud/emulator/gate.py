"""What must be in a snapshot whole or not at all, and whether anything has changed since the last one.

Requests are handled on the event loop, one after the other, and a snapshot is taken on it as well: it never sees half a request.
What changes the state from a thread of its own does so in a `unit`.
"""

import functools
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_count = itertools.count(1)
_unit = threading.RLock()

changes = 0  # never the same again once something has happened


def count_change() -> None:
    """Note that the state changes, before and after it does."""
    global changes
    changes = next(_count)


@contextmanager
def unit() -> Iterator[None]:
    """One step of a thread: short, without calls of Lambdas or of this server."""
    with _unit:
        count_change()
        try:
            yield
        finally:
            count_change()


def whole(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as one unit."""

    @functools.wraps(function)
    def guarded(*given: Any, **named: Any) -> Any:
        with unit():
            return function(*given, **named)

    return guarded


def undivided(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as one unit that seldom changes anything; where it does, it calls what counts that."""

    @functools.wraps(function)
    def guarded(*given: Any, **named: Any) -> Any:
        with _unit:
            return function(*given, **named)

    return guarded


def counted(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with its changes counted; no unit of its own."""

    @functools.wraps(function)
    def counting(*given: Any, **named: Any) -> Any:
        count_change()
        try:
            return function(*given, **named)
        finally:
            count_change()

    return counting


@contextmanager
def quiesced(locks: list[threading.Lock], seconds: float) -> Iterator[bool]:
    """Hold everybody at the end of a unit and of a hold of these locks; False if that takes longer."""
    deadline = time.monotonic() + seconds
    held: list[Any] = []
    try:
        for lock in (_unit, *locks):
            if not lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
                break
            held.append(lock)
        yield len(held) == len(locks) + 1
    finally:
        for lock in reversed(held):
            lock.release()
