"""The statuses of an import, and what becomes of a product of it."""

from enum import StrEnum


class ImportStatus(StrEnum):
    """How far an import is."""

    WAITING = "WAITING"  # for its file
    READING = "READING"
    LOADING = "LOADING"
    DONE = "DONE"
    FAILED = "FAILED"  # the file as a whole cannot be read


class Outcome(StrEnum):
    """What became of a product of the file."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    UNCHANGED = "UNCHANGED"
    REFUSED = "REFUSED"
