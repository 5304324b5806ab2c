"""Bodies accepted and returned."""

from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from common import http

GUEST_HEADER = "X-Guest-Cart"
MOST_OF_A_PRODUCT = 99
MOST_PRODUCTS = 500

Quantity = Annotated[int, Meta(ge=1, le=MOST_OF_A_PRODUCT)]
Given = Annotated[str, Meta(min_length=1)]


class AddToCart(http.Body):
    """So many more of a product."""

    product_id: Given
    quantity: Quantity
    user_id: str | None = None


class AddedToCart(http.Body):
    """How many there are now."""

    message: str
    product_id: str
    qty: int


class SetQuantity(http.Body):
    """So many of a product, however many there were."""

    quantity: Quantity
    user_id: str | None = None


class CartChanged(http.Body):
    """How many there are now; 0 of a product that was taken out."""

    message: str
    product_id: str
    qty: int


class CartEmptied(http.Body):
    """Nothing is left."""

    message: str


class GuestCartCreated(http.Body):
    """The secret that opens the cart, told this once, and until when it does."""

    guest_cart: str
    expires_at: str


class MergeCart(http.Body):
    """Whose cart takes the guest's."""

    user_id: str | None = None


class TakenItem(http.Body):
    """So many more of a product are in the account's cart."""

    product_id: str
    qty: int


class LeftItem(http.Body):
    """So many of a product did not get into the account's cart; the reason is the Code that POST /cart would give."""

    product_id: str
    qty: int
    reason: str


class CartsMerged(http.Body):
    """What became of the guest's cart."""

    message: str
    taken: list[TakenItem]
    left: list[LeftItem]


class OwnerQuery(http.Body):
    """Whose cart; the caller's own if nobody is named."""

    user_id: str | None = None


class CartQuery(OwnerQuery):
    """Whose cart, and which part of it; all of it without a limit."""

    limit: Annotated[int, Meta(ge=1, le=100)] | None = None
    cursor: str | None = None


class CartLine(http.Body, kw_only=True, omit_defaults=False):
    """One product of a cart at today's price; name and price are null should the catalogue not know it at all."""

    product_id: str
    name: str | None = None
    qty: int
    price: Decimal | None = None
    currency: str | None = None
    line_total: Decimal | None = None
    available: bool = False


class BoughtLine(http.Body):
    """So many of a product were bought."""

    product_id: Given
    qty: Annotated[int, Meta(ge=1)]


class ClearCart(http.Body):
    """What an order took, and when it was placed; an order has at most 99 lines, as many as fit into one transaction."""

    order_id: Given
    user_id: Given
    items: Annotated[list[BoughtLine], Meta(max_length=99)]
    placed_at: str | None = None


class CartCleared(http.Body):
    """What was bought is out of the cart."""

    user_id: str
    status: str
