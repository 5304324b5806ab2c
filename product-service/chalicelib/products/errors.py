"""What can go wrong with the catalogue."""

from chalice import ConflictError, NotFoundError, UnprocessableEntityError


class ProductNotFound(NotFoundError):
    """There is no such product in the catalogue: it never was, or is archived."""


class CurrencyFixed(ConflictError):
    """A product keeps the currency that it was created with; a price in another one takes another product."""


class IdempotencyKeyReused(UnprocessableEntityError):
    """The key was used before, for a product that was described otherwise."""
