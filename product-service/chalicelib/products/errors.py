"""Errors of the catalogue. Customers of the API read `description`."""

from chalice import BadRequestError, ChaliceViewError, ConflictError


class CurrencyFixed(ConflictError):
    """A product keeps its currency."""

    description = "A product keeps its currency; for another currency create another product."


class SkuTaken(ConflictError):
    """Another product has this SKU, or had it before it was archived."""

    description = "Another product has this `sku`, or had it before it was archived."


class SlugTaken(ConflictError):
    """Another product has this slug."""

    description = "Another product has this `slug`."


class VariantExists(ConflictError):
    """The parent has a variant with these options, or had it before it was archived."""

    description = "The parent has a variant with these `options`, perhaps an archived one."


class TooManyVariants(ConflictError):
    """A parent has as many variants as it may have."""

    description = "The parent has as many variants as it may have."


class VariantField(ConflictError):
    """The field is changed at the variant's parent, or at the parent's variants."""

    description = "This field is changed at the parent, or at its variants; the message says where."


class RelatedUnknown(BadRequestError):
    """A related product does not exist."""

    description = "A product of `relatedIds` does not exist; the message names it."


class ProductContended(ChaliceViewError):
    """Concurrent requests created or changed this very product. Retryable."""

    STATUS_CODE = 503
    description = "Too many requests at once. Nothing was changed by this one; try again."
