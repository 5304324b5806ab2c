"""The tables Inventory and Reservations: goods on three shelves, and which order moved which of them."""

from pynamodb.attributes import ListAttribute, MapAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from common import dynamodb

ABSENT = "ABSENT"  # of an order without a row
RESERVED = "RESERVED"
COMMITTED = "COMMITTED"
RELEASED = "RELEASED"
EXPIRED = "EXPIRED"

OPEN = "OPEN"


class Stock(Model):
    """What there is of a product. Goods move from shelf to shelf, so available + reserved + sold = supplied, always."""

    class Meta(dynamodb.Meta):
        table_name = "Inventory"

    product_id = UnicodeAttribute(hash_key=True, attr_name="productId")
    available = NumberAttribute(attr_name="availableStock", default=0)
    reserved = NumberAttribute(attr_name="reservedStock", default=0)
    sold = NumberAttribute(attr_name="soldStock", default=0)
    supplied = NumberAttribute(attr_name="suppliedStock", default=0)
    updated_at = UnicodeAttribute(attr_name="updatedAt")


Shelf = NumberAttribute
Move = tuple[Shelf, Shelf]

# To which status a reservation may go from which other one, and between which shelves its goods then move, if any.
MOVES: dict[str, dict[str, Move | None]] = {
    RESERVED: {ABSENT: (Stock.available, Stock.reserved)},
    COMMITTED: {
        ABSENT: (Stock.available, Stock.sold),
        RESERVED: (Stock.reserved, Stock.sold),
        EXPIRED: (
            Stock.available,
            Stock.sold,
        ),  # paid a moment too late: taken again if it is still there
    },
    EXPIRED: {RESERVED: (Stock.reserved, Stock.available)},
    RELEASED: {
        ABSENT: None,  # a tombstone: a reservation that comes late finds itself ended
        RESERVED: (Stock.reserved, Stock.available),
        COMMITTED: (Stock.sold, Stock.available),
        EXPIRED: None,
    },
}

# With which statuses there is nothing left to do.
SETTLED = {
    RESERVED: {RESERVED, COMMITTED},
    COMMITTED: {COMMITTED},
    EXPIRED: {EXPIRED, COMMITTED, RELEASED},
    RELEASED: {RELEASED},
}


class Goods(MapAttribute):
    """How many of a product, and how many of them came back after they were sold."""

    product_id = UnicodeAttribute(attr_name="productId")
    qty = NumberAttribute()
    returned = NumberAttribute(null=True)

    @property
    def held(self) -> int:
        """How many of them the order still has."""
        return int(self.qty - (self.returned or 0))


class ByExpiry(GlobalSecondaryIndex):
    """The reservations that may still expire, by when they do."""

    class Meta:
        index_name = "by-expiry"
        projection = KeysOnlyProjection()

    open = UnicodeAttribute(hash_key=True)
    expires_at = NumberAttribute(range_key=True, attr_name="expiresAt")


class Reservation(Model):
    """What an order holds: RESERVED, then COMMITTED once paid, or EXPIRED, or RELEASED; see MOVES.

    Written in one transaction with the stock that it moves. Only while RESERVED it is `open`, and so found by the index.
    What comes back of a COMMITTED one is noted in its `items`, and by which refunds in `refund_ids`, which only ever grows.
    """

    class Meta(dynamodb.Meta):
        table_name = "Reservations"

    order_id = UnicodeAttribute(hash_key=True, attr_name="orderId")
    items: ListAttribute[Goods] = dynamodb.MapsAttribute(of=Goods)
    status = UnicodeAttribute()
    refund_ids: ListAttribute[str] = ListAttribute(null=True, attr_name="refundIds")
    open = UnicodeAttribute(null=True)
    expires_at = NumberAttribute(attr_name="expiresAt")
    created_at = UnicodeAttribute(attr_name="createdAt")
    updated_at = UnicodeAttribute(attr_name="updatedAt")

    by_expiry = ByExpiry()
