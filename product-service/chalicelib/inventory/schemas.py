"""Inputs of the saga steps, request bodies and responses."""

from typing import Annotated

from msgspec import Meta

from common import ids
from common.schemas import Schema

# One DynamoDB transaction holds 100 items: the lines' stock, and the reservation.
MAX_LINES = 99
MAX_STOCK = 1_000_000

StockCount = Annotated[int, Meta(ge=0, le=MAX_STOCK)]


class OrderLine(Schema):
    """A quantity of a product, as an order has it."""

    product_id: str
    qty: Annotated[int, Meta(ge=1, le=99)]

    def __post_init__(self) -> None:
        self.product_id = ids.parse("PROD", self.product_id)


class OrderInput(Schema):
    """Input of a step that needs no more than the order."""

    order_id: str

    def __post_init__(self) -> None:
        self.order_id = ids.parse("ORDER", self.order_id)


class OrderItemsInput(OrderInput):
    """Input of a step that moves the stock of an order's lines."""

    items: Annotated[list[OrderLine], Meta(min_length=1, max_length=MAX_LINES)]


class ReturnInput(OrderItemsInput):
    """Input of return-inventory: the lines that are returned, and their refund."""

    refund_id: str

    def __post_init__(self) -> None:
        super().__post_init__()
        self.refund_id = ids.parse("REFUND", self.refund_id)


class ReservationHeld(Schema):
    """A reservation, and when it expires, in seconds since 1970."""

    order_id: str
    status: str
    expires_at: int


class ReservationState(Schema):
    """The status of an order's reservation."""

    order_id: str
    status: str


class ExpiryResult(Schema, omit_defaults=False):
    """How many reservations one run expired, and how many it could not."""

    expired: int = 0
    failed: int = 0


class SetStock(Schema):
    """The quantity that is available from now on."""

    stock: StockCount


class StockLevel(Schema):
    """The stock of a product: available, reserved and sold add up to supplied."""

    product_id: str
    available_stock: int
    reserved_stock: int
    sold_stock: int
    supplied_stock: int
