"""What can go wrong with carts."""

from chalice import BadRequestError, ConflictError, NotFoundError, UnprocessableEntityError
from chalice.app import ChaliceViewError


class ProductNotFound(NotFoundError):
    """No such product is on sale: it never was, or is archived."""


class GuestCartMissing(BadRequestError):
    """The request does not say which guest's cart is meant."""


class CartNotFound(NotFoundError):
    """No guest's cart goes by this secret: it never did, has expired, or went to somebody else's account."""


class GuestCartMerged(ChaliceViewError):
    """The guest logged in and the cart went to the account; nothing can be done with it any more."""

    STATUS_CODE = 410


class CartItemNotFound(NotFoundError):
    """The product is not in the cart."""


class TooManyOfProduct(ConflictError):
    """A cart holds at most 99 of a product; it stays as it was."""


class CartFull(ConflictError):
    """A cart holds at most 500 different products; it stays as it was."""


class IdempotencyKeyReused(UnprocessableEntityError):
    """The key was used before, for something else."""


class CartUnavailable(ChaliceViewError):
    """The cart was too busy, or the database left work undone, several times in a row; trying again later is right."""

    STATUS_CODE = 503
