"""Errors of notes. `description` is published to customers of the API."""

from chalice import ConflictError


class TooManyNotes(ConflictError):
    """The order has MAX_NOTES notes."""

    description = "The order has 50 notes and cannot have more."
