"""Inputs of the saga's steps, bodies accepted, and what is answered."""

from typing import Annotated

from msgspec import Meta

from common import http, ids

# One DynamoDB transaction holds 100 items: the lines' stock, and the reservation.
MOST_LINES = 99

Count = Annotated[int, Meta(ge=0, le=1_000_000)]


class Line(http.Body):
    """How many of a product an order asks for."""

    product_id: str
    qty: Annotated[int, Meta(ge=1, le=99)]

    def __post_init__(self) -> None:
        self.product_id = ids.parse("PROD", self.product_id)


class OrderNamed(http.Body):
    """Which order it is about."""

    order_id: str

    def __post_init__(self) -> None:
        self.order_id = ids.parse("ORDER", self.order_id)


class OrderedGoods(OrderNamed):
    """What an order asks for."""

    items: Annotated[list[Line], Meta(min_length=1, max_length=MOST_LINES)]


class ReturnedGoods(OrderedGoods):
    """What comes back of an order, and by which refund."""

    refund_id: str

    def __post_init__(self) -> None:
        super().__post_init__()
        self.refund_id = ids.parse("REFUND", self.refund_id)


class StockCount(http.Body):
    """How many can be bought from now on."""

    stock: Count


class Reserved(http.Body):
    """Held for an order until so many seconds since 1970."""

    order_id: str
    status: str
    expires_at: int


class Settled(http.Body):
    """Where an order's reservation stands."""

    order_id: str
    status: str


class StockShown(http.Body):
    """What there is of a product: the first three add up to what was supplied."""

    product_id: str
    available_stock: int
    reserved_stock: int
    sold_stock: int
    supplied_stock: int


class Swept(http.Body):
    """What one run of the expiry did."""

    expired: int
    failed: int
