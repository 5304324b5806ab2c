"""Request bodies, queries and step inputs."""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from chalicelib.orders.statuses import FulfilmentStatus, OrderStatus, ReturnStatus
from chalicelib.quotes.schemas import PriceTerms
from common import clock, lazy_imports, text
from common.addresses import Address
from common.schemas import Schema

with lazy_imports.until_first_use():
    from chalicelib.orders import order_numbers

MAX_QTY = 99  # of one product
# One DynamoDB transaction takes 100 items: the stock of each line, and the reservation.
MAX_LINES = 99
MAX_REASON_LENGTH = 500
MAX_DAYS = 31  # of a list by day: eight queries for each, at most
_FIRST_DAY = date(2000, 1, 1)  # before any order

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
    view: Annotated[
        Literal["all"] | None,
        Meta(description="`all`: every order of the shop, for staff with `orders:read`."),
    ] = None
    status: Annotated[OrderStatus | None, Meta(description="Only orders of this status.")] = None
    fulfilment_status: Annotated[
        FulfilmentStatus | None,
        Meta(description="With `view=all`: what is to be shipped or delivered, oldest first."),
    ] = None
    return_status: Annotated[
        ReturnStatus | None,
        Meta(description="With `view=all`: only orders with a return of this status."),
    ] = None
    first: Annotated[
        date | None,
        Meta(description="With `view=all`: the first day; 31 days before `to` if left out."),
    ] = msgspec.field(name="from", default=None)
    last: Annotated[
        date | None, Meta(description="With `view=all`: the last day, included; today if left out.")
    ] = msgspec.field(name="to", default=None)
    email: Annotated[
        Annotated[str, Meta(max_length=254)] | None,
        Meta(description="With `view=all`: the address of the customer's account."),
    ] = None
    order_number: Annotated[
        str | None, Meta(description="With `view=all`: the order of this number, alone.")
    ] = None
    limit: Annotated[int, Meta(ge=1, le=100, description="Orders per page.")] = 20
    cursor: Annotated[str | None, Meta(description="The `X-Next-Cursor` of the page before.")] = (
        None
    )

    def __post_init__(self) -> None:
        filters = [name for name, value in self._staff_filters() if value is not None]
        if filters and self.view is None:
            raise ValueError(f"{filters[0]}: expected view=all with it")
        if self.view is not None and self.user_id is not None:
            raise ValueError("userId: expected email, or no view=all")
        if self.order_number is not None:
            if len(filters) > 1 or self.status is not None:
                raise ValueError("orderNumber: expected no other filter with it")
            self.order_number = order_numbers.parse_number("orderNumber", self.order_number)
        if self.return_status is not None and self.email is not None:
            raise ValueError("returnStatus: expected no email with it")
        first, last = self.days
        if first > last:
            raise ValueError("from: expected no day after to, and none to come")
        is_by_day = self.email is None and self.fulfilment_status is None
        if is_by_day and (last - first).days >= MAX_DAYS:
            raise ValueError(f"from: expected at most {MAX_DAYS - 1} days before to")

    def _staff_filters(self) -> list[tuple[str, object]]:
        return [
            ("orderNumber", self.order_number),
            ("email", self.email),
            ("fulfilmentStatus", self.fulfilment_status),
            ("returnStatus", self.return_status),
            ("from", self.first),
            ("to", self.last),
        ]

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day, in the shop's time zone."""
        today = date.fromisoformat(clock.shop_day(clock.now()))
        last = min(max(self.last or today, _FIRST_DAY), today)
        if self.first is not None:
            return max(self.first, _FIRST_DAY), last
        is_by_day = self.email is None and self.fulfilment_status is None
        return last - timedelta(days=MAX_DAYS - 1) if is_by_day else _FIRST_DAY, last


class ValidateOrder(PaymentTerms, kw_only=True):
    """Input of validate-order: a stored order, or with `items` one to place."""

    order_id: NonEmptyStr
    user_id: NonEmptyStr | None = None
    items: Annotated[list[CartItemTaken], Meta(min_length=1)] | None = None
    request_hash: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.address_id is not None:
            raise ValueError("addressId: expected the address itself, as shippingAddress")
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
