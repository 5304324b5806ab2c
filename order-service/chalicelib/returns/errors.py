"""Errors of returns. `description` is published to customers of the API."""

from chalice import ConflictError, NotFoundError


class ReturnNotFound(NotFoundError):
    """The order has no such return."""

    description = "The order has no such return."


class NothingShipped(ConflictError):
    """Nothing of the order was shipped."""

    description = "Nothing of the order was shipped, so that nothing can be returned."


class ReturnTooLarge(ConflictError):
    """More goods were named than were shipped and are not returned or refunded."""

    description = (
        "More was named than was shipped and is not returned or refunded. The message says how"
        " much is left."
    )


class ReturnWindowOver(ConflictError):
    """The goods arrived more than RETURN_WINDOW_DAYS ago."""

    description = "The goods arrived longer ago than returns are taken. The message says how long."


class ReturnPartTooLarge(ConflictError):
    """More goods were named than the return still awaits."""

    description = "More was named than the return awaits. The message says how much that is."


class TooManyReturns(ConflictError):
    """The order has MAX_RETURNS returns."""

    description = "The order has 20 returns and cannot have more."


class ReturnStatusConflict(ConflictError):
    """The return has a status in which this is not done with it."""

    description = "The return has a status in which this is not done. The message says which."
