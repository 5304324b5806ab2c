"""Read models of product-service: stock, reservations, movements of supply."""

from enum import StrEnum

from pynamodb.attributes import BooleanAttribute, ListAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from common import dynamodb
from common.pages import PAGE_LIMIT, Page, decode_cursor, encode_cursor

# Product-service's, of the index by-expiry.
EXPIRY_KEYS = ("OPEN", *(f"OPEN#{shard}" for shard in range(8)))


class ReservationStatus(StrEnum):
    """RESERVED, then COMMITTED or RELEASED."""

    RESERVED = "RESERVED"
    COMMITTED = "COMMITTED"
    RELEASED = "RELEASED"


class ReservedItem(dynamodb.Map):
    """The quantity of a product, and how much of it was returned."""

    product_id = UnicodeAttribute(attr_name="productId")
    qty = dynamodb.WholeNumber()
    returned = dynamodb.WholeNumber(null=True)


class ByExpiry(GlobalSecondaryIndex["Reservation"]):
    """The reservations that can expire, by time. `open` is one of EXPIRY_KEYS."""

    class Meta:
        index_name = "by-expiry"
        projection = KeysOnlyProjection()

    open = UnicodeAttribute(hash_key=True)
    expires_at = dynamodb.WholeNumber(range_key=True, attr_name="expiresAt")


class Reservation(Model):
    """What an order holds of the stock."""

    class Meta(dynamodb.Meta):
        table_name = "Reservations"

    order_id = UnicodeAttribute(hash_key=True, attr_name="orderId")
    items: ListAttribute[ReservedItem] = dynamodb.MapsAttribute(of=ReservedItem)
    status = UnicodeAttribute()
    open = UnicodeAttribute(null=True)
    expires_at = dynamodb.WholeNumber(attr_name="expiresAt")
    updated_at = UnicodeAttribute(attr_name="updatedAt")
    by_expiry = ByExpiry()


class Stock(Model):
    """The stock of a product: available + reserved + sold = supplied.

    Of what is not counted, `available` may be below zero.
    """

    class Meta(dynamodb.Meta):
        table_name = "Inventory"

    product_id = UnicodeAttribute(hash_key=True, attr_name="productId")
    available = dynamodb.WholeNumber(attr_name="availableStock")
    reserved = dynamodb.WholeNumber(attr_name="reservedStock")
    sold = dynamodb.WholeNumber(attr_name="soldStock")
    supplied = dynamodb.WholeNumber(attr_name="suppliedStock")
    not_counted = BooleanAttribute(null=True, attr_name="notCounted")
    has_ledger = BooleanAttribute(null=True, attr_name="hasLedger")
    updated_at = UnicodeAttribute(attr_name="updatedAt")


class StockMovement(Model):
    """A line of the ledger of supply: how many came or, below 0, left."""

    class Meta(dynamodb.Meta):
        table_name = "StockMovements"

    movement_id = UnicodeAttribute(hash_key=True, attr_name="movementId")
    product_id = UnicodeAttribute(attr_name="productId")
    change = dynamodb.WholeNumber()


def find_reservation(order_id: str) -> Reservation | None:
    """Read the order's reservation, None if there is none. Strongly consistent."""
    return dynamodb.find(Reservation, order_id)


def list_overdue_reservations(key: str, before: int, cursor: str | None = None) -> Page[str]:
    """List the orders of a key whose reservation expired before this Unix time."""
    overdue = Reservation.by_expiry.query(
        key,
        Reservation.expires_at < before,
        limit=PAGE_LIMIT,
        last_evaluated_key=decode_cursor(cursor),
    )
    order_ids = [reservation.order_id for reservation in overdue]
    return Page(order_ids, encode_cursor(overdue.last_evaluated_key))
