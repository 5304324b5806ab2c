"""Responses about the returns of an order."""

from typing import Annotated, Self

from msgspec import Meta

from chalicelib.orders.schemas import ProductQuantity
from chalicelib.orders.statuses import ReturnStatus
from common import lazy_imports
from common.schemas import Schema

with lazy_imports.until_first_use():
    from chalicelib.orders import return_models


class ReturnLineView(ProductQuantity, kw_only=True):
    """How many of a product are returned, and why."""

    reason: str


class ReceivedLineView(ProductQuantity, kw_only=True):
    """How many of a product came back, and whether they can be sold again."""

    restock: bool


class ReturnPartView(Schema, kw_only=True):
    """What of a return came back at once, and the refund of it."""

    items: list[ReceivedLineView]
    refund_id: str
    received_at: str

    @classmethod
    def of(cls, part: "return_models.ReturnPart") -> Self:
        """Return the part as it was noted."""
        return cls(
            items=[
                ReceivedLineView(product_id=line.product_id, qty=line.qty, restock=line.restock)
                for line in part.lines
            ],
            refund_id=part.refund_id,
            received_at=part.received_at,
        )


class ReturnView(Schema, kw_only=True):
    """Goods of an order that its customer asked to return."""

    return_id: str
    status: ReturnStatus
    items: list[ReturnLineView]
    requested_at: str
    note: Annotated[str | None, Meta(description="What the shop wrote to the customer.")] = None
    decided_at: str | None = None
    parts: list[ReturnPartView] | None = None

    @classmethod
    def of(cls, returned: "return_models.Return") -> Self:
        """Return the return in its present state."""
        return cls(
            return_id=returned.return_id,
            status=ReturnStatus(returned.status),
            items=[
                ReturnLineView(product_id=line.product_id, qty=line.qty, reason=line.reason)
                for line in returned.lines
            ],
            requested_at=returned.requested_at,
            note=returned.note,
            decided_at=returned.decided_at,
            parts=[ReturnPartView.of(one) for one in returned.parts or []] or None,
        )
