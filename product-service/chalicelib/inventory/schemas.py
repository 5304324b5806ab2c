"""Inputs of the saga steps, request bodies and responses."""

from typing import Annotated

from msgspec import Meta

from chalicelib.inventory.movement_kinds import MovementKind
from common import ids, text
from common.schemas import Schema

# One DynamoDB transaction holds 100 items: the lines' stock, and the reservation.
MAX_LINES = 99
MAX_STOCK = 1_000_000
MAX_REASON_LENGTH = 200

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
    expected_stock: Annotated[
        StockCount | None,
        Meta(
            description="The `availableStock` that the new number is based on: 409 if it is"
            " another by now. Without it what was sold meanwhile is overwritten."
        ),
    ] = None
    reason: Annotated[str | None, Meta(description="For the ledger: why.")] = None

    def __post_init__(self) -> None:
        if self.reason is not None:
            self.reason = text.parse_line("reason", self.reason, MAX_REASON_LENGTH)


class AdjustStock(Schema):
    """How many come or leave, and why."""

    change: Annotated[int, Meta(ge=-MAX_STOCK, le=MAX_STOCK, description="Below 0: they leave.")]
    reason: Annotated[str, Meta(description="For the ledger, at most 200 characters.")]

    def __post_init__(self) -> None:
        self.reason = text.parse_line("reason", self.reason, MAX_REASON_LENGTH)
        if self.change == 0:
            raise ValueError("change: expected another number than 0")


class MovementsQuery(Schema):
    """Which page of the movements."""

    limit: Annotated[int, Meta(ge=1, le=100, description="Movements per page.")] = 50
    cursor: Annotated[str | None, Meta(description="The `X-Next-Cursor` of the page before.")] = (
        None
    )


class MovementView(Schema):
    """A movement of the supply: how many came or left, by whom, when and why."""

    movement_id: str
    product_id: str
    kind: MovementKind
    change: int
    moved_by: str
    created_at: str
    reason: str | None = None


class StockLevel(Schema):
    """The stock of a product: available, reserved and sold add up to supplied."""

    product_id: str
    available_stock: int
    reserved_stock: int
    sold_stock: int
    supplied_stock: int
