"""What can go wrong with stock and reservations."""

from chalice import ChaliceViewError, ConflictError


class OutOfStock(ConflictError):
    """Less is available than was asked for; the message says of what, and how much is left. Nothing was taken."""


class ReservationEnded(ConflictError):
    """The order's reservation was released or has expired; it takes another order to reserve again."""


class NotCommitted(ConflictError):
    """Goods are to come back that the order has not taken yet; once it has, trying again is right."""


class ReturnTooLarge(ConflictError):
    """More of a product is to come back than the order still has; the message says of what. Trying again does not help."""


class StockMoving(ChaliceViewError):
    """Reservations kept changing the stock while it was being set; nothing was set, trying again is right."""

    STATUS_CODE = 503


class StockContended(Exception):
    """Others kept writing the same stock at the same time; nothing was changed, trying again later is right."""


class StockMismatch(Exception):
    """Inventory holds less than a reservation says: somebody wrote to the table by hand. Trying again does not help."""


class ExpiryPartlyFailed(Exception):
    """Some reservations that are over could not be given back; the next run tries them again."""
