"""What happened to an order, as its customer and as staff read it."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from chalicelib.orders.schemas import ProductQuantity
from common.addresses import PostalAddress
from common.schemas import Schema


class HistoryKind(StrEnum):
    """What happened."""

    PLACED = "PLACED"
    CONFIRMED = "CONFIRMED"  # it was paid
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"
    ADDRESS_CHANGED = "ADDRESS_CHANGED"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"
    RETURN_REQUESTED = "RETURN_REQUESTED"
    RETURN_APPROVED = "RETURN_APPROVED"
    RETURN_REJECTED = "RETURN_REJECTED"
    RETURN_RECEIVED = "RETURN_RECEIVED"
    REFUND_REQUESTED = "REFUND_REQUESTED"
    REFUNDED = "REFUNDED"
    NOTE = "NOTE"  # for staff alone


class Actor(StrEnum):
    """Who did it."""

    CUSTOMER = "CUSTOMER"
    SHOP = "SHOP"


class HistoryEntry(Schema, kw_only=True):
    """Something that happened to an order."""

    at: str
    kind: HistoryKind
    actor: Actor
    subject_id: Annotated[
        str | None, Meta(description="The id of the payment, refund, shipment, return or note.")
    ] = None
    items: list[ProductQuantity] | None = None
    amount: Decimal | None = None
    text: Annotated[
        str | None, Meta(description="The reason of an end or a refund, or what a note says.")
    ] = None
    user_id: Annotated[str | None, Meta(description="For staff alone: who did it.")] = None
    address_before: Annotated[
        PostalAddress | None, Meta(description="For staff alone: where it was to be sent before.")
    ] = None
