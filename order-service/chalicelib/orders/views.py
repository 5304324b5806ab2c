"""Responses about orders, and results of the saga's steps."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Self

from msgspec import Meta

from chalicelib.orders.price_views import OrderPriceView, optional_amount, price_parts
from chalicelib.orders.return_views import ReturnView
from chalicelib.orders.schemas import CartItemTaken, ProductQuantity
from chalicelib.orders.statuses import (
    PAID_STATUSES,
    DisputeStatus,
    FulfilmentStatus,
    OrderStatus,
    RefundStatus,
    ShipmentStatus,
)
from common import lazy_imports, money
from common.schemas import Schema

with lazy_imports.until_first_use():
    from chalicelib.orders import models, offers, order_numbers


OrderNumber = Annotated[
    str, Meta(description="What people call the order, such as `261126-1G8KQ-27XTB`.")
]


class CreatedOrder(Schema):
    """An order as it was placed."""

    order_id: str
    order_number: OrderNumber
    status: OrderStatus
    total_amount: Decimal
    currency: str
    created_at: str
    pay_by: Annotated[str, Meta(description="Until when it can be paid.")]


class OrderLineView(Schema):
    """A line of an order at the price that was agreed."""

    product_id: str
    name: str
    qty: int
    price: Decimal
    line_total: Annotated[
        Decimal, Meta(description="What is paid for it, after discounts and with tax.")
    ]
    discount: Decimal | None = None
    tax: Decimal | None = None

    @classmethod
    def of(cls, line: "models.OrderLine", currency: str) -> Self:
        """Return the line with its amounts in the order's currency."""
        return cls(
            product_id=line.product_id,
            name=line.name,
            qty=line.qty,
            price=money.decimal(line.price_minor, currency),
            line_total=money.decimal(line.line_total_minor, currency),
            discount=optional_amount(line.discount_minor, currency),
            tax=optional_amount(line.tax_minor, currency),
        )


class RefundView(Schema, kw_only=True):
    """A refund of an order."""

    refund_id: str
    status: RefundStatus
    items: list[ProductQuantity]
    amount: Decimal
    restock: bool
    requested_at: str
    requested_by: Annotated[str, Meta(description="The customer who cancelled, or staff.")]
    shipping: Annotated[
        Decimal | None, Meta(description="How much of the amount is for shipping.")
    ] = None
    done_at: str | None = None
    reason: str | None = None
    return_id: Annotated[str | None, Meta(description="The return that it pays for.")] = None

    @classmethod
    def of(cls, refund: "models.Refund", currency: str) -> Self:
        """Return the refund with its amount in the order's currency."""
        return cls(
            refund_id=refund.refund_id,
            status=RefundStatus(refund.status),
            items=_lines(refund.lines),
            amount=money.decimal(refund.amount_minor, currency),
            restock=refund.restock,
            requested_at=refund.requested_at,
            requested_by=refund.requested_by,
            shipping=optional_amount(refund.shipping_minor, currency),
            done_at=refund.done_at,
            reason=refund.reason,
            return_id=refund.return_id,
        )


class ShipmentView(Schema, kw_only=True):
    """A parcel with goods of an order."""

    shipment_id: str
    status: ShipmentStatus
    items: list[ProductQuantity]
    carrier: str
    shipped_at: str
    tracking_number: str | None = None
    tracking_url: str | None = None
    delivered_at: str | None = None

    @classmethod
    def of(cls, shipment: "models.Shipment") -> Self:
        """Return the shipment in its present state."""
        return cls(
            shipment_id=shipment.shipment_id,
            status=ShipmentStatus(shipment.status),
            items=_lines(shipment.lines),
            carrier=shipment.carrier,
            shipped_at=shipment.shipped_at,
            tracking_number=shipment.tracking_number,
            tracking_url=shipment.tracking_url,
            delivered_at=shipment.delivered_at,
        )


class DisputeView(Schema, kw_only=True):
    """A charge that the customer's bank disputes."""

    dispute_id: str
    status: DisputeStatus
    amount: Decimal
    reason: str
    evidence_due_by: str | None = None

    @classmethod
    def of(cls, dispute: "models.Dispute", currency: str) -> Self:
        """Return the dispute with its amount in the order's currency."""
        return cls(
            dispute_id=dispute.dispute_id,
            status=DisputeStatus(dispute.status),
            amount=money.decimal(dispute.amount_minor, currency),
            reason=dispute.reason,
            evidence_due_by=dispute.evidence_due_by,
        )


class RefundAccepted(Schema):
    """A refund as it was requested, the same for each repeat of the request."""

    order_id: str
    refund_id: str
    status: RefundStatus
    amount: Decimal
    currency: str
    items: list[ProductQuantity]
    restock: bool

    @classmethod
    def of(cls, refund: "models.Refund", order: "models.Order") -> Self:
        """Return the refund as it was requested."""
        return cls(
            order_id=order.order_id,
            refund_id=refund.refund_id,
            status=RefundStatus.REQUESTED,
            amount=money.decimal(refund.amount_minor, order.currency),
            currency=order.currency,
            items=_lines(refund.lines),
            restock=refund.restock,
        )


class OrderView(OrderPriceView, kw_only=True):
    """An order in its present state."""

    order_id: str
    order_number: OrderNumber
    user_id: str
    status: OrderStatus
    fulfilment_status: Annotated[
        FulfilmentStatus | None, Meta(description="How much of it was shipped, once it is paid.")
    ] = None
    items: list[OrderLineView]
    total_amount: Decimal
    currency: str
    method: str
    created_at: str
    updated_at: str
    cancelled_at: Annotated[
        str | None, Meta(description="When the order was cancelled after it was paid.")
    ] = None
    payment_id: str | None = None
    reason: str | None = None
    pay_by: Annotated[
        str | None, Meta(description="While it is CREATED: until when it can be paid.")
    ] = None
    disputes: list[DisputeView] | None = None
    shipments: list[ShipmentView] | None = None
    returns: list[ReturnView] | None = None
    refunds: list[RefundView] | None = None
    refunded_amount: Annotated[
        Decimal | None, Meta(description="The sum of the refunds that are DONE.")
    ] = None

    @classmethod
    def of(cls, order: "models.Order") -> Self:
        """Return the order in its present state."""
        refunds = order.refunds or []
        return cls(
            order_id=order.order_id,
            order_number=order_numbers.create_number(order.order_id, order.created_at),
            user_id=order.user_id,
            status=OrderStatus(order.status),
            fulfilment_status=_fulfilment_status(order),
            items=[OrderLineView.of(line, order.currency) for line in order.lines],
            total_amount=money.decimal(order.total_minor, order.currency),
            currency=order.currency,
            method=order.method,
            created_at=order.created_at,
            updated_at=order.updated_at,
            cancelled_at=order.cancelled_at,
            payment_id=order.payment_id,
            reason=order.reason,
            pay_by=offers.pay_by(order) if order.status == OrderStatus.CREATED else None,
            disputes=[DisputeView.of(one, order.currency) for one in order.disputes or []] or None,
            **price_parts(order),
            shipments=[ShipmentView.of(one) for one in order.shipments or []] or None,
            returns=[ReturnView.of(one) for one in order.returns or []] or None,
            refunds=[RefundView.of(refund, order.currency) for refund in refunds] or None,
            refunded_amount=_refunded_amount(refunds, order.currency) if refunds else None,
        )


class ValidOrder(Schema):
    """Output of validate-order: what the saga reserves and charges."""

    order_id: str
    user_id: str
    items: list[ProductQuantity]
    cart_items: list[CartItemTaken]
    amount: float  # a JSON number for Step Functions; nothing is calculated with it
    currency: str
    method: str
    payment_method: str | None
    status: OrderStatus
    correlation_id: str
    created_at: str
    pay_by: str

    @classmethod
    def of(cls, order: "models.Order") -> Self:
        """Return the order in its present state."""
        return cls(
            order_id=order.order_id,
            user_id=order.user_id,
            items=_lines(order.lines),
            cart_items=[
                CartItemTaken(product_id=line.product_id, qty=line.qty, added_at=line.added_at)
                for line in order.lines
            ],
            amount=float(money.decimal(order.total_minor, order.currency)),
            currency=order.currency,
            method=order.method,
            payment_method=order.payment_method,
            status=OrderStatus(order.status),
            correlation_id=order.correlation_id,
            created_at=order.created_at,
            pay_by=offers.pay_by(order),
        )


class StepResult(Schema):
    """Output of create-order-record and fail-order: the order's present status."""

    order_id: str
    status: OrderStatus


def _lines(
    lines: "Iterable[models.OrderLine | models.RefundLine | models.ShipmentLine]",
) -> list[ProductQuantity]:
    return [ProductQuantity(product_id=line.product_id, qty=line.qty) for line in lines]


def _fulfilment_status(order: "models.Order") -> FulfilmentStatus | None:
    """Return None for an unpaid order, UNFULFILLED for one of an earlier release."""
    if order.status not in PAID_STATUSES:
        return None
    return FulfilmentStatus(order.fulfilment_status or FulfilmentStatus.UNFULFILLED)


def _refunded_amount(refunds: "list[models.Refund]", currency: str) -> Decimal:
    paid_back = [refund for refund in refunds if refund.status == RefundStatus.DONE]
    return money.decimal(sum(refund.amount_minor for refund in paid_back), currency)
