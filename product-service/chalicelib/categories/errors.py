"""Errors of the tree of categories. Customers of the API read `description`."""

from chalice import BadRequestError, ChaliceViewError, ConflictError, NotFoundError


class CategoryNotFound(NotFoundError):
    """There is no such category."""

    description = "There is no such category."


class CategoryExists(ConflictError):
    """Another category has this slug."""

    description = "Another category has this slug."


class CategoryInUse(ConflictError):
    """A category with children or products cannot be deleted."""

    description = "The category has children or products; the message says which."


class CategoryTreeInvalid(BadRequestError):
    """The tree would be no tree, or too large."""

    description = "The tree would have a cycle, a missing parent, or too many categories or levels."


class CategoriesContended(ChaliceViewError):
    """Concurrent requests kept changing the tree. Retryable."""

    STATUS_CODE = 503
    description = "Too many changes at once. Nothing was changed by this one; try again."
