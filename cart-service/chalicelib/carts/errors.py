"""Errors of carts. Customers of the API read `description`."""

from chalice import BadRequestError, ConflictError, NotFoundError, UnprocessableEntityError
from chalice.app import ChaliceViewError


class ProductNotFound(NotFoundError):
    """No such product is on sale."""

    description = "There is no such product, or it is no longer on sale."


class GuestCartMissing(BadRequestError):
    """The request does not name a guest's cart."""

    description = "The header `X-Guest-Cart` is missing."


class CartNotFound(NotFoundError):
    """No guest's cart has this secret, or it went to another account."""

    description = "No guest's cart has this secret, it has expired, or it went to another account."


class GuestCartMerged(ChaliceViewError):
    """The guest's cart was merged into an account's."""

    STATUS_CODE = 410
    description = "The guest logged in, and the cart was merged into the account's."


class CartItemNotFound(NotFoundError):
    """The product is not in the cart."""

    description = "The product is not in the cart."


class TooManyOfProduct(ConflictError):
    """The quantity would exceed MAX_QUANTITY. Nothing was changed."""

    description = "A cart holds at most 99 of a product. Nothing was changed."


class CartFull(ConflictError):
    """The cart would hold more than MAX_PRODUCTS products. Nothing was changed."""

    description = "A cart holds at most 500 different products. Nothing was changed."


class IdempotencyKeyReused(UnprocessableEntityError):
    """The key was used before with another request."""

    description = "The `Idempotency-Key` was used before, with another request."


class CartUnavailable(ChaliceViewError):
    """The cart was contended, or DynamoDB throttled, for every attempt."""

    STATUS_CODE = 503
    description = "Too many changes to this cart at the same time. Try again in a moment."
