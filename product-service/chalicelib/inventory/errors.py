"""Errors of stock and reservations. Customers of the API read `description`."""

from chalice import ChaliceViewError, ConflictError, NotFoundError, UnprocessableEntityError


class ProductNotFound(NotFoundError):
    """There is no such product in the catalogue, or it is archived."""

    description = "There is no such product, or it is archived."


class OutOfStock(ConflictError):
    """Less is available than requested. Nothing was changed.

    The message names each product, the quantity requested and the quantity available.
    """


class ReservationEnded(ConflictError):
    """The order's reservation was released or has expired. Not retryable."""


class NotCommitted(ConflictError):
    """A return arrived before the order's stock was committed. Retryable."""


class ReturnTooLarge(ConflictError):
    """More of a product is returned than the order still has. Nothing was changed."""


class StockChanged(ConflictError):
    """The stock is not what the caller based its number on. Nothing was changed."""

    description = "The available stock is not `expectedStock` any more. Nothing was changed."


class StockOutOfRange(ConflictError):
    """With this change less than nothing would be available, or too much."""

    description = "With this change less than 0 or more than 1000000 would be available."


class StockNotCounted(ConflictError):
    """The stock of this product is not counted. Nothing was changed."""

    description = "The stock of this product is not counted; `counted` starts that again."


class IdempotencyKeyReused(UnprocessableEntityError):
    """The key was used before, with another body."""

    description = "The `Idempotency-Key` was used before, with another body."


class StockContended(ChaliceViewError):
    """Concurrent writes kept changing the same stock. Retryable."""

    STATUS_CODE = 503
    description = "Concurrent orders kept changing this stock. Nothing was changed; try again."


class StockMismatch(Exception):
    """Inventory, edited by hand, holds less than a reservation says. Not retryable."""


class ExpiryPartlyFailed(Exception):
    """Some overdue reservations could not be expired. The next run retries them."""
