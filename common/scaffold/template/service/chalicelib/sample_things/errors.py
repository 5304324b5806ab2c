"""What can go wrong with sample things."""

from chalice import NotFoundError, UnprocessableEntityError


class SampleThingNotFound(NotFoundError):
    """The customer has no such sample thing."""


class IdempotencyKeyReused(UnprocessableEntityError):
    """The key was used before, for something else."""
