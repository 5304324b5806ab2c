"""Request and response bodies, and the input of the saga's step."""

from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from common.routes import Header
from common.schemas import Schema

GUEST_CART = Header("X-Guest-Cart", "The `guestCart` of POST /cart/guest: it opens the cart.")
MAX_QUANTITY = 99
MAX_PRODUCTS = 500

Quantity = Annotated[int, Meta(ge=1, le=MAX_QUANTITY)]
NonEmptyStr = Annotated[str, Meta(min_length=1)]
OwnerId = Annotated[
    str | None, Meta(description="Whose cart it is: your own if left out. Admins name anybody.")
]


class AddToCart(Schema):
    """A quantity of a product to add."""

    product_id: NonEmptyStr
    quantity: Quantity
    user_id: OwnerId = None


class SetQuantity(Schema):
    """The quantity that replaces the present one."""

    quantity: Quantity
    user_id: OwnerId = None


class CartUpdate(Schema):
    """The quantity of a product in the cart after a change: 0 once it is removed."""

    message: str
    product_id: str
    qty: int


class CartEmptied(Schema):
    """The cart is empty."""

    message: str


class NewGuestCart(Schema):
    """The secret that opens a new cart, and when the cart expires."""

    guest_cart: str
    expires_at: str


class MergeCarts(Schema):
    """The account whose cart takes the guest's."""

    user_id: OwnerId = None


class MergedCartItem(Schema):
    """A quantity that was added to the account's cart."""

    product_id: str
    qty: int


class SkippedCartItem(Schema):
    """A quantity that was not added. `reason` is the Code of POST /cart."""

    product_id: str
    qty: int
    reason: str


class CartMergeResult(Schema):
    """What became of the items of the guest's cart."""

    message: str
    taken: list[MergedCartItem]
    left: list[SkippedCartItem]


class CartOwnerQuery(Schema):
    """Whose cart."""

    user_id: OwnerId = None


class CartQuery(CartOwnerQuery):
    """Whose cart, and which page of it. All of it without a limit."""

    limit: Annotated[
        Annotated[int, Meta(ge=1, le=100)] | None, Meta(description="Lines per page.")
    ] = None
    cursor: Annotated[str | None, Meta(description="The `X-Next-Cursor` of the page before.")] = (
        None
    )


class CartLine(Schema, kw_only=True, omit_defaults=False):
    """A product in the cart at today's price. Name and price are null if unknown."""

    product_id: str
    name: str | None = None
    qty: int
    price: Decimal | None = None
    currency: str | None = None
    line_total: Decimal | None = None
    available: bool = False


class OrderedLine(Schema):
    """A quantity of a product that an order took, and from which item of the cart."""

    product_id: NonEmptyStr
    qty: Annotated[int, Meta(ge=1)]
    added_at: str | None = None


class ClearCart(Schema):
    """Input of the step. An order has at most 99 lines: a transaction fits no more."""

    order_id: NonEmptyStr
    user_id: NonEmptyStr
    items: Annotated[list[OrderedLine], Meta(max_length=99)]
    placed_at: str | None = None


class CartCleared(Schema):
    """Output of the step."""

    user_id: str
    status: str
