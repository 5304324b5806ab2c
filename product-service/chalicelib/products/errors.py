"""Errors of the catalogue. Customers of the API read `description`."""

from chalice import ChaliceViewError, ConflictError


class CurrencyFixed(ConflictError):
    """A product keeps its currency."""

    description = "A product keeps its currency; for another currency create another product."


class SkuTaken(ConflictError):
    """Another product has this SKU, or had it before it was archived."""

    description = "Another product has this `sku`, or had it before it was archived."


class ProductContended(ChaliceViewError):
    """Concurrent requests created this very product. Retryable."""

    STATUS_CODE = 503
    description = "Too many requests at once. Nothing was created by this one; try again."
