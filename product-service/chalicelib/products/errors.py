"""Errors of the catalogue. `description` is published to the API's customers."""

from chalice import ChaliceViewError, ConflictError, UnprocessableEntityError


class CurrencyFixed(ConflictError):
    """A product keeps its currency. A price in another currency needs another product."""

    description = "A product keeps its currency; for another currency create another product."


class IdempotencyKeyReused(UnprocessableEntityError):
    """The key was used before, with another body."""

    description = "The `Idempotency-Key` was used before, with another body."


class ProductContended(ChaliceViewError):
    """Concurrent requests created this very product. Nothing was created by this one. Retryable."""

    STATUS_CODE = 503
    description = "Too many requests at once. Nothing was created by this one; try again."
