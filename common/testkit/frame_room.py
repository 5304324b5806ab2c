"""Allocate the stack of a test's Python frames in one piece.

CPython keeps frames in chunks of 16 KB, each a mapping of its own. A hot loop that happens to
stand at the end of a chunk maps and unmaps one at each call, which made a test take three times
as long. A chunk is as large as the frame that it is made for, rounded up to a power of two; the
rest of it serves the frames above. See push_chunk in
https://github.com/python/cpython/blob/3.11/Python/pystate.c
"""

from collections.abc import Callable
from typing import Any

_SLOTS = 140_000  # of 8 bytes: just over 1 MiB, so that a chunk of 2 MiB is made


def call(function: Callable[[], Any]) -> Any:
    """Call the function with nearly a megabyte for the frames of all that it calls."""
    return function()


call.__code__ = call.__code__.replace(co_stacksize=_SLOTS)
