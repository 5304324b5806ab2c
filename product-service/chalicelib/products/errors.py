"""What can go wrong with the catalogue."""

from chalice import ChaliceViewError, ConflictError, UnprocessableEntityError


class CurrencyFixed(ConflictError):
    """A product keeps its currency; a price in another currency needs another product."""


class IdempotencyKeyReused(UnprocessableEntityError):
    """The key was used before, with another body."""


class ProductContended(ChaliceViewError):
    """Concurrent requests created this very product; nothing was created by this one. Retryable."""

    STATUS_CODE = 503
