"""The tables Inventory and Reservations: stock, and what each order holds of it."""

import zlib
from enum import StrEnum

from pynamodb.attributes import (
    BooleanAttribute,
    ListAttribute,
    UnicodeAttribute,
)
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from chalicelib.inventory.schemas import MAX_STOCK
from common import dynamodb
from common.dynamodb import WholeNumber

EXPIRY_SHARDS = 8
# Of the index by-expiry. The one without a number has rows from before there were shards.
EXPIRY_KEYS = ("OPEN", *(f"OPEN#{shard}" for shard in range(EXPIRY_SHARDS)))


class ReservationStatus(StrEnum):
    """The status of an order's reservation."""

    ABSENT = "ABSENT"  # never stored: the order has no row
    RESERVED = "RESERVED"
    COMMITTED = "COMMITTED"
    EXPIRED = "EXPIRED"
    RELEASED = "RELEASED"


ABSENT = ReservationStatus.ABSENT
RESERVED = ReservationStatus.RESERVED
COMMITTED = ReservationStatus.COMMITTED
EXPIRED = ReservationStatus.EXPIRED
RELEASED = ReservationStatus.RELEASED


class Stock(Model):
    """Stock of a product in three buckets: available + reserved + sold = supplied.

    Of what is not counted the buckets go on, so that they add up when it is counted again. Only
    `available` then falls below zero: by what was bought and never supplied.
    """

    class Meta(dynamodb.Meta):
        table_name = "Inventory"

    product_id = UnicodeAttribute(hash_key=True, attr_name="productId")
    available = WholeNumber(attr_name="availableStock", default=0)
    reserved = WholeNumber(attr_name="reservedStock", default=0)
    sold = WholeNumber(attr_name="soldStock", default=0)
    supplied = WholeNumber(attr_name="suppliedStock", default=0)
    not_counted = BooleanAttribute(null=True, attr_name="notCounted")  # never runs out
    low_threshold = WholeNumber(null=True, attr_name="lowStockThreshold")
    # Set once the sum of its StockMovements is what was supplied.
    has_ledger = BooleanAttribute(null=True, attr_name="hasLedger")
    updated_at = UnicodeAttribute(attr_name="updatedAt")

    @property
    def is_counted(self) -> bool:
        """Whether it can run out."""
        return not self.not_counted

    @property
    def offered(self) -> int:
        """The quantity that can be bought now."""
        return self.available if self.is_counted else MAX_STOCK


class ByProduct(GlobalSecondaryIndex["StockMovement"]):
    """All movements of a product, by time."""

    class Meta:
        index_name = "by-product"
        projection = AllProjection()

    product_id = UnicodeAttribute(hash_key=True, attr_name="productId")
    created_at = UnicodeAttribute(range_key=True, attr_name="createdAt")


class StockMovement(Model):
    """A line of the ledger of supply, written once, in one transaction with the stock."""

    class Meta(dynamodb.Meta):
        table_name = "StockMovements"

    movement_id = UnicodeAttribute(hash_key=True, attr_name="movementId")
    product_id = UnicodeAttribute(attr_name="productId")
    kind = UnicodeAttribute()
    change = dynamodb.WholeNumber()
    reason = UnicodeAttribute(null=True)
    moved_by = UnicodeAttribute(attr_name="movedBy")
    request_hash = UnicodeAttribute(null=True, attr_name="requestHash")
    created_at = UnicodeAttribute(attr_name="createdAt")

    by_product = ByProduct()


StockBucket = WholeNumber
Transfer = tuple[StockBucket, StockBucket]  # source and target

# A release before the reservation leaves a tombstone: a reservation that arrives late is refused.
# A commit after expiry takes the goods from the available stock again, if there is enough.
TRANSITIONS: dict[ReservationStatus, frozenset[ReservationStatus]] = {
    ABSENT: frozenset({RESERVED, COMMITTED, RELEASED}),
    RESERVED: frozenset({COMMITTED, EXPIRED, RELEASED}),
    COMMITTED: frozenset({RELEASED}),
    EXPIRED: frozenset({COMMITTED, RELEASED}),
    RELEASED: frozenset(),
}

# A transition that is not listed moves no stock.
TRANSFERS: dict[tuple[ReservationStatus, ReservationStatus], Transfer] = {
    (ABSENT, RESERVED): (Stock.available, Stock.reserved),
    (ABSENT, COMMITTED): (Stock.available, Stock.sold),
    (RESERVED, COMMITTED): (Stock.reserved, Stock.sold),
    (RESERVED, EXPIRED): (Stock.reserved, Stock.available),
    (RESERVED, RELEASED): (Stock.reserved, Stock.available),
    (COMMITTED, RELEASED): (Stock.sold, Stock.available),
    (EXPIRED, COMMITTED): (Stock.available, Stock.sold),
}

# By target: the statuses in which a repeated or late request for it changes nothing.
NO_OP: dict[ReservationStatus, frozenset[ReservationStatus]] = {
    RESERVED: frozenset({RESERVED, COMMITTED}),
    COMMITTED: frozenset({COMMITTED}),
    EXPIRED: frozenset({EXPIRED, COMMITTED, RELEASED}),
    RELEASED: frozenset({RELEASED}),
}


class ReservationItem(dynamodb.Map):
    """A product of an order, with the quantity ordered and the quantity returned."""

    product_id = UnicodeAttribute(attr_name="productId")
    qty = WholeNumber()
    returned = WholeNumber(null=True)

    @property
    def held(self) -> int:
        """The quantity that the order still has."""
        return self.qty - (self.returned or 0)


class ByExpiry(GlobalSecondaryIndex["Reservation"]):
    """The reservations that can still expire, by expiry time, in shards by order."""

    class Meta:
        index_name = "by-expiry"
        projection = KeysOnlyProjection()

    open = UnicodeAttribute(hash_key=True)
    expires_at = WholeNumber(range_key=True, attr_name="expiresAt")


class Reservation(Model):
    """What an order holds. Its `status` follows TRANSITIONS.

    Written in one transaction with the stock that it moves. Only while RESERVED it has `open`,
    which puts it into the index. Returns of a COMMITTED reservation are recorded in `items`;
    their refunds in `refund_ids`, which only grows.
    """

    class Meta(dynamodb.Meta):
        table_name = "Reservations"

    order_id = UnicodeAttribute(hash_key=True, attr_name="orderId")
    items: ListAttribute[ReservationItem] = dynamodb.MapsAttribute(of=ReservationItem)
    status = UnicodeAttribute()
    refund_ids: ListAttribute[str] = ListAttribute(null=True, attr_name="refundIds")
    open = UnicodeAttribute(null=True)
    expires_at = WholeNumber(attr_name="expiresAt")
    created_at = UnicodeAttribute(attr_name="createdAt")
    updated_at = UnicodeAttribute(attr_name="updatedAt")

    by_expiry = ByExpiry()


def expiry_key(order_id: str) -> str:
    """Return the order's key of by-expiry.

    One key would send all reservations to one partition, which takes 1,000 writes a second:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-sharding.html
    """
    return f"OPEN#{zlib.crc32(order_id.encode()) % EXPIRY_SHARDS}"
