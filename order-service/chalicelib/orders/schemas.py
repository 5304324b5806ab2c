"""Request bodies, queries and step inputs."""

import re
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta

from chalicelib.orders.statuses import OrderStatus
from chalicelib.quotes.schemas import PriceTerms
from common import lazy_imports, text
from common.addresses import Address
from common.schemas import Schema

with lazy_imports.until_first_use():
    pass

MAX_QTY = 99  # of one product
# One DynamoDB transaction takes 100 items: the stock of each line, and the reservation.
MAX_LINES = 99
MAX_REASON_LENGTH = 500

_PAYMENT_METHOD = re.compile(r"[A-Za-z]\w{2,254}", re.ASCII)

NonEmptyStr = Annotated[str, Meta(min_length=1, max_length=255)]
UserId = Annotated[
    str | None, Meta(description="The customer: yourself if left out. Admins name any customer.")
]


class ProductQuantity(Schema):
    """How many of a product."""

    product_id: str
    qty: Annotated[int, Meta(ge=1, le=MAX_QTY)]


class CartItemTaken(ProductQuantity):
    """How many of a product, and since when it was in the cart."""

    added_at: str | None = None


Lines = Annotated[list[ProductQuantity], Meta(min_length=1)]


class QuoteOrder(PriceTerms, kw_only=True):
    """What to quote: goods, and perhaps where to and which coupons."""

    cart_items: Lines


class PaymentTerms(PriceTerms):
    """How an order is to be paid, and the total that the customer agreed to."""

    billing_address: Annotated[
        Address | None, Meta(description="Where it differs from `shippingAddress`.")
    ] = None

    method: Literal["CARD", "UPI"] = "CARD"
    payment_method: Annotated[
        NonEmptyStr | None,
        Meta(
            description="The gateway's token, such as `pm_card_visa`; never a card number."
            " Without one the checkout waits until the customer pays."
        ),
    ] = None
    expected_total: Annotated[
        Decimal | None,
        Meta(
            description="An order with another total is rejected. Without it, one that is dearer"
            " than the cart last showed."
        ),
    ] = None


class CreateOrder(PaymentTerms, kw_only=True):
    """What to order. `paymentMethod` is the gateway's token, never a card number."""

    cart_items: Lines
    user_id: UserId = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.payment_method is not None and not _PAYMENT_METHOD.fullmatch(self.payment_method):
            raise ValueError(
                "paymentMethod: expected the gateway's token, such as pm_card_visa;"
                " never a card number"
            )


class RefundOrder(Schema, kw_only=True):
    """What to refund. Without items, amount and shipping: all that is left."""

    items: Annotated[
        Annotated[list[ProductQuantity], Meta(min_length=1, max_length=MAX_LINES)] | None,
        Meta(description="The goods to refund, at what was paid for them."),
    ] = None
    amount: Annotated[
        Decimal | None, Meta(description="An amount to refund without goods, instead of `items`.")
    ] = None
    shipping: Annotated[
        Decimal | None, Meta(description="How much of what was paid for shipping to refund.")
    ] = None
    restock: Annotated[
        bool | None,
        Meta(description="Whether the goods go back into stock: true if left out."),
    ] = None
    reason: Annotated[str, Meta(description="Why, for the shop: at most 500 characters.")]

    def __post_init__(self) -> None:
        if self.items is not None and self.amount is not None:
            raise ValueError("amount: expected items or an amount, not both")
        for field in ("amount", "shipping"):
            value = getattr(self, field)
            if value is not None and value <= 0:
                raise ValueError(f"{field}: expected more than 0")
        self.reason = text.parse_paragraphs("reason", self.reason, MAX_REASON_LENGTH)

    @property
    def is_whole(self) -> bool:
        """Whether all that is left is refunded."""
        return self.items is None and self.amount is None and self.shipping is None


class OrdersQuery(Schema):
    """Which orders, and which page of them."""

    user_id: UserId = None
    status: Annotated[OrderStatus | None, Meta(description="Only orders of this status.")] = None
    limit: Annotated[int, Meta(ge=1, le=100, description="Orders per page.")] = 20
    cursor: Annotated[str | None, Meta(description="The `X-Next-Cursor` of the page before.")] = (
        None
    )


class ValidateOrder(PaymentTerms, kw_only=True):
    """Input of validate-order: a stored order, or with `items` one to place."""

    order_id: NonEmptyStr
    user_id: NonEmptyStr | None = None
    items: Annotated[list[CartItemTaken], Meta(min_length=1)] | None = None
    request_hash: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.items is not None and self.user_id is None:
            raise ValueError("userId: expected whose order to place")


class ConfirmOrder(Schema):
    """Input of create-order-record."""

    order_id: NonEmptyStr
    payment_id: NonEmptyStr


class FailOrder(Schema):
    """Input of fail-order."""

    order_id: NonEmptyStr
    reason: str
    user_id: NonEmptyStr | None = None
    status: Literal["FAILED", "EXPIRED", "CANCELLED"] = "FAILED"
