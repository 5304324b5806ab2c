"""Errors of stock and reservations. `description` is published to the API's customers."""

from chalice import ChaliceViewError, ConflictError, NotFoundError


class ProductNotFound(NotFoundError):
    """There is no such product in the catalogue, or it is archived."""

    description = "There is no such product, or it is archived."


class OutOfStock(ConflictError):
    """Less is available than requested. Nothing was reserved or deducted.

    The message names each product, the quantity requested and the quantity available.
    """


class ReservationEnded(ConflictError):
    """The order's reservation was released or has expired. Only another order can reserve."""


class NotCommitted(ConflictError):
    """A return arrived before the order's stock was committed. Retryable."""


class ReturnTooLarge(ConflictError):
    """More of a product is returned than the order still has. Nothing was changed."""


class StockContended(ChaliceViewError):
    """Concurrent writes kept changing the same stock. Nothing was changed. Retryable."""

    STATUS_CODE = 503
    description = "Concurrent orders kept changing this stock. Nothing was changed; try again."


class StockMismatch(Exception):
    """Inventory holds less than a reservation says: it was edited by hand. Not retryable."""


class ExpiryPartlyFailed(Exception):
    """Some overdue reservations could not be expired. The next run tries them again."""
