"""Errors of sample things. `description` is published to the API's customers."""

from chalice import NotFoundError, UnprocessableEntityError


class SampleThingNotFound(NotFoundError):
    """The owner has no such sample thing."""

    description = "There is no such sample thing."


class IdempotencyKeyReused(UnprocessableEntityError):
    """The key was used before with another request."""

    description = "The `Idempotency-Key` was used before, with another request."
