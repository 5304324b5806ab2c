"""Bodies and step inputs accepted, bodies and step outputs returned."""

import re
from decimal import Decimal
from typing import Annotated, Literal, Self

from msgspec import Meta

from common import http, lazy_imports, money

with lazy_imports.until_first_use():
    from chalicelib.orders import models

MOST_OF_ONE = 99
MOST_LINES = (
    99  # one DynamoDB transaction takes 100 items: the stock of each line, and the reservation
)

_TOKEN = re.compile(r"[A-Za-z]\w{2,254}")

Given = Annotated[str, Meta(min_length=1, max_length=255)]
Status = Literal[
    "CREATED", "CONFIRMED", "FAILED", "EXPIRED", "CANCELLED", "PARTLY_REFUNDED", "REFUNDED"
]


class Line(http.Body):
    """How many of a product."""

    product_id: str
    qty: Annotated[int, Meta(ge=1, le=MOST_OF_ONE)]


Lines = Annotated[list[Line], Meta(min_length=1)]


class Terms(http.Body):
    """How an order is to be paid, and the total that the customer agreed to."""

    method: Literal["CARD", "UPI"] = "CARD"
    payment_method: Given | None = None
    expected_total: Decimal | None = None


class CreateOrder(Terms, kw_only=True):
    """Body of POST /order. `paymentMethod` is the gateway's own token: a card number is never stored."""

    cart_items: Lines
    user_id: str | None = None

    def __post_init__(self) -> None:
        if self.payment_method is not None and not _TOKEN.fullmatch(self.payment_method):
            raise ValueError(
                "paymentMethod: expected the gateway's token, such as pm_card_visa; never a card number"
            )


class RefundOrder(http.Body):
    """Body of POST /order/{orderId}/refund; without `items` it is about all that was not refunded yet."""

    items: Annotated[list[Line], Meta(min_length=1, max_length=MOST_LINES)] | None = None
    restock: bool | None = None
    reason: Annotated[str, Meta(max_length=500)] | None = None


class OrdersQuery(http.Body):
    """Whose orders, of which status, and which page of them."""

    user_id: str | None = None
    status: Status | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    cursor: str | None = None


class ValidateOrder(Terms, kw_only=True):
    """Input of validate-order: an order that is stored, or with `items` one that is to be placed."""

    order_id: Given
    user_id: Given | None = None
    items: Lines | None = None
    request_hash: str | None = None

    def __post_init__(self) -> None:
        if self.items is not None and self.user_id is None:
            raise ValueError("userId: expected whose order to place")


class ConfirmOrder(http.Body):
    """Input of create-order-record."""

    order_id: Given
    payment_id: Given


class FailOrder(http.Body):
    """Input of fail-order."""

    order_id: Given
    reason: str
    user_id: Given | None = None
    status: Literal["FAILED", "EXPIRED"] = "FAILED"


class CreatedOrder(http.Body):
    """Answer of POST /order."""

    order_id: str
    status: str
    total_amount: Decimal
    currency: str
    created_at: str


class LineView(http.Body):
    """A line as customers see it."""

    product_id: str
    name: str
    qty: int
    price: Decimal
    line_total: Decimal

    @classmethod
    def of(cls, line: "models.OrderLine", currency: str) -> Self:
        """The line, its amounts in the order's currency."""
        return cls(
            product_id=line.product_id,
            name=line.name,
            qty=line.qty,
            price=money.decimal(line.price_minor, currency),
            line_total=money.decimal(line.line_total_minor, currency),
        )


class RefundView(http.Body):
    """A refund as the order's customer and admins see it."""

    refund_id: str
    status: str
    items: list[Line]
    amount: Decimal
    restock: bool
    requested_at: str
    done_at: str | None = None
    reason: str | None = None

    @classmethod
    def of(cls, refund: "models.Refund", currency: str) -> Self:
        """The refund as it stands, its amount in the order's currency."""
        return cls(
            refund_id=refund.refund_id,
            status=refund.status,
            items=refund_lines(refund),
            amount=money.decimal(refund.amount_minor, currency),
            restock=refund.restock,
            requested_at=refund.requested_at,
            done_at=refund.done_at,
            reason=refund.reason,
        )


class RequestedRefund(http.Body):
    """Answer of POST /order/{orderId}/refund, the same for each repeat."""

    order_id: str
    refund_id: str
    status: str
    amount: Decimal
    currency: str
    items: list[Line]
    restock: bool

    @classmethod
    def of(cls, refund: "models.Refund", order: "models.Order") -> Self:
        """The refund as it was asked for."""
        return cls(
            order_id=order.order_id,
            refund_id=refund.refund_id,
            status=models.REQUESTED,
            amount=money.decimal(refund.amount_minor, order.currency),
            currency=order.currency,
            items=refund_lines(refund),
            restock=refund.restock,
        )


def refund_lines(refund: "models.Refund") -> list[Line]:
    """How many of which product the refund is about."""
    return [Line(product_id=line.product_id, qty=line.qty) for line in refund.lines]


class OrderView(http.Body):
    """An order as its customer and admins see it; `refundedAmount` is what was given back, not what was only asked for."""

    order_id: str
    user_id: str
    status: str
    items: list[LineView]
    total_amount: Decimal
    currency: str
    method: str
    created_at: str
    updated_at: str
    payment_id: str | None = None
    reason: str | None = None
    refunds: list[RefundView] | None = None
    refunded_amount: Decimal | None = None

    @classmethod
    def of(cls, order: "models.Order") -> Self:
        """The order as it stands."""
        refunds = order.refunds or []
        refunded = sum(refund.amount_minor for refund in refunds if refund.status == models.DONE)
        return cls(
            order_id=order.order_id,
            user_id=order.user_id,
            status=order.status,
            items=[LineView.of(line, order.currency) for line in order.lines],
            total_amount=money.decimal(order.total_minor, order.currency),
            currency=order.currency,
            method=order.method,
            created_at=order.created_at,
            updated_at=order.updated_at,
            payment_id=order.payment_id,
            reason=order.reason,
            refunds=[RefundView.of(refund, order.currency) for refund in refunds] or None,
            refunded_amount=money.decimal(refunded, order.currency) if refunds else None,
        )


class ValidOrder(http.Body):
    """Output of validate-order: what the saga reserves and charges."""

    order_id: str
    user_id: str
    items: list[Line]
    amount: float  # a JSON number for Step Functions; nothing is calculated with it
    currency: str
    method: str
    payment_method: str | None
    status: str
    correlation_id: str
    created_at: str

    @classmethod
    def of(cls, order: "models.Order") -> Self:
        """The order as it stands."""
        return cls(
            order_id=order.order_id,
            user_id=order.user_id,
            items=[Line(product_id=line.product_id, qty=line.qty) for line in order.lines],
            amount=float(money.decimal(order.total_minor, order.currency)),
            currency=order.currency,
            method=order.method,
            payment_method=order.payment_method,
            status=order.status,
            correlation_id=order.correlation_id,
            created_at=order.created_at,
        )


class OrderStatus(http.Body):
    """Output of create-order-record and fail-order: where the order stands now."""

    order_id: str
    status: str
