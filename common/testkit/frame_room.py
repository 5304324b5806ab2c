"""Gives a test's frames room in one piece: CPython keeps them in chunks of 16 KB, each a mapping of its own.

A hot loop that happens to stand at a chunk's end maps and unmaps one at each call, which made a test take three times as
long: https://github.com/python/cpython/blob/3.11/Python/pystate.c (push_chunk). A chunk is as large as the frame that it
is made for, rounded up to a power of two; what that leaves is for the frames above.
"""

from collections.abc import Callable
from typing import Any

_SLOTS = 140_000  # of 8 bytes: just over 1 MiB, so that a chunk of 2 MiB is made


def call(function: Callable[[], Any]) -> Any:
    """Call the function with nearly a megabyte for the frames of all that it calls."""
    return function()


call.__code__ = call.__code__.replace(co_stacksize=_SLOTS)
