"""Inputs of the saga steps, request bodies and responses."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from chalicelib.inventory.movement_kinds import MovementKind
from common import ids, text
from common.schemas import Schema

# One DynamoDB transaction holds 100 items: the lines' stock, and the reservation.
MAX_LINES = 99
MAX_STOCK = 1_000_000
MAX_REASON_LENGTH = 200

StockCount = Annotated[int, Meta(ge=0, le=MAX_STOCK)]


Threshold = Annotated[
    StockCount, Meta(description="`StockLow` is published when no more than these are available.")
]


class StockedProduct(Schema, kw_only=True):
    """What a new product has in stock, and by which rules."""

    stock: Annotated[
        StockCount | UnsetType,
        Meta(description="Required unless `counted` is false, or `variants` have their own."),
    ] = UNSET
    counted: Annotated[
        bool, Meta(description="false: it never runs out, such as a service or a download.")
    ] = True
    low_stock_threshold: Threshold | None = None

    def validate_stock(self) -> None:
        """Raise ValueError unless there is a stock just where it is counted."""
        if self.counted and self.stock is UNSET:
            raise ValueError("stock: this field is required")
        if not self.counted and self.stock is not UNSET:
            raise ValueError("stock: expected only with what is counted")


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


class StockRulesPatch(Schema):
    """Whether the stock is counted, and when it is low.

    Fields that are left out stay.
    """

    counted: Annotated[
        bool | UnsetType,
        Meta(description="false: it never runs out. true needs the `stock` of the first count."),
    ] = UNSET
    stock: Annotated[
        StockCount | UnsetType,
        Meta(description="What is available when counting starts. Ignored while it is counted."),
    ] = UNSET
    low_stock_threshold: Threshold | UnsetType | None = UNSET

    def __post_init__(self) -> None:
        if self.counted is UNSET and self.low_stock_threshold is UNSET:
            raise ValueError("expected at least one of counted, lowStockThreshold")
        if (self.counted is True) != (self.stock is not UNSET):
            raise ValueError("stock: expected together with a `counted` that is true")


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
    counted: Annotated[
        bool, Meta(description="false: it never runs out, and `availableStock` may be below 0.")
    ] = True
    low_stock_threshold: int | None = None
