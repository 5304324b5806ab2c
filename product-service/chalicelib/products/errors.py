"""What can go wrong with the catalogue."""

from chalice import ChaliceViewError, ConflictError, NotFoundError, UnprocessableEntityError


class ProductNotFound(NotFoundError):
    """There is no such product in the catalogue: it never was, or is archived."""


class CurrencyFixed(ConflictError):
    """A product keeps the currency that it was created with; a price in another one takes another product."""


class IdempotencyKeyReused(UnprocessableEntityError):
    """The key was used before, for a product that was described otherwise."""


class ProductContended(ChaliceViewError):
    """Too many asked for this very product at once; nothing was created by this request, trying again is right."""

    STATUS_CODE = 503
