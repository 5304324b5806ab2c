"""What can go wrong with every table that staff fill."""

from chalice import ChaliceViewError, UnprocessableEntityError


class IdempotencyKeyReused(UnprocessableEntityError):
    """The key was used before with another body."""

    description = "The `Idempotency-Key` was used before with another body."


class ConfigurationContended(ChaliceViewError):
    """Concurrent changes failed every attempt of an optimistic lock."""

    STATUS_CODE = 503
    description = "Too many changes of this at the same time. Nothing was changed; try again."


class AlreadyStored(Exception):
    """There is a row of this id, and this request did not store it."""
