"""The table Orders, the statuses of an order, and which may follow which."""

import zlib

from pynamodb.attributes import (
    BooleanAttribute,
    MapAttribute,
    UnicodeAttribute,
    VersionAttribute,
)
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from common import dynamodb

CREATED = "CREATED"
CONFIRMED = "CONFIRMED"
FAILED = "FAILED"
EXPIRED = "EXPIRED"
CANCELLED = "CANCELLED"
PARTLY_REFUNDED = "PARTLY_REFUNDED"
REFUNDED = "REFUNDED"

FOLLOWED_BY = {
    CREATED: (CONFIRMED, FAILED, EXPIRED, CANCELLED),
    CONFIRMED: (PARTLY_REFUNDED, REFUNDED),
    PARTLY_REFUNDED: (PARTLY_REFUNDED, REFUNDED),
    REFUNDED: (),
    FAILED: (),
    EXPIRED: (),
    CANCELLED: (),
}


PAID = (CONFIRMED, PARTLY_REFUNDED, REFUNDED)  # bought, whatever was given back since

# Of a refund: asked for, and given back at the payment gateway.
REQUESTED = "REQUESTED"
DONE = "DONE"

DAY_SHARDS = 8


def before(status: str) -> list[str]:
    """The statuses that an order may have just before this one."""
    return [earlier for earlier, later in FOLLOWED_BY.items() if status in later]


def placed_on(order_id: str, created_at: str) -> str:
    """The key under which the index by-day has an order: its day (UTC) and one of DAY_SHARDS shards.

    One key a day would send every new order of the shop to one partition, which takes 1,000 writes a second:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-sharding.html
    Whoever wants a day asks for all of its shards. DAY_SHARDS may not be lowered while old days are still read.
    """
    return f"{created_at[:10]}#{zlib.crc32(order_id.encode()) % DAY_SHARDS}"


class OrderLine(MapAttribute):
    """One product of an order, with the name and price that it had when it was ordered."""

    product_id = UnicodeAttribute(attr_name="productId")
    name = UnicodeAttribute()
    qty = dynamodb.WholeNumber()
    price_minor = dynamodb.WholeNumber(attr_name="priceMinor")
    line_total_minor = dynamodb.WholeNumber(attr_name="lineTotalMinor")


class RefundLine(MapAttribute):
    """How many of a product are given back."""

    product_id = UnicodeAttribute(attr_name="productId")
    qty = dynamodb.WholeNumber()


class Refund(MapAttribute):
    """Goods of an order whose price is owed to its customer: REQUESTED, then DONE once it was given back. Never deleted."""

    refund_id = UnicodeAttribute(attr_name="refundId")
    lines = dynamodb.MapsAttribute(of=RefundLine, attr_name="items")
    amount_minor = dynamodb.WholeNumber(attr_name="amountMinor")
    whole = BooleanAttribute()  # asked for as all that was left, not product by product
    restock = BooleanAttribute()
    reason = UnicodeAttribute(null=True)
    requested_by = UnicodeAttribute(attr_name="requestedBy")
    request_hash = UnicodeAttribute(attr_name="requestHash")
    status = UnicodeAttribute(default=REQUESTED)
    requested_at = UnicodeAttribute(attr_name="requestedAt")
    done_at = UnicodeAttribute(null=True, attr_name="doneAt")


class ByCustomer(GlobalSecondaryIndex["Order"]):
    """A customer's orders in the order of their making; a new one shows here a moment later."""

    class Meta:
        index_name = "by-customer"
        projection = AllProjection()

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    created_at = UnicodeAttribute(range_key=True, attr_name="createdAt")


class ByDay(GlobalSecondaryIndex["Order"]):
    """The ids of a day's orders, whatever became of them; see `placed_on`. Orders of before the index are not in it."""

    class Meta:
        index_name = "by-day"
        projection = KeysOnlyProjection()

    placed_on = UnicodeAttribute(hash_key=True, attr_name="placedOn")


class Order(Model):
    """A purchase: CREATED, then CONFIRMED once paid; or FAILED, EXPIRED, CANCELLED. Never deleted.

    What was CONFIRMED may become PARTLY_REFUNDED and REFUNDED. Goods, prices and total stand from the beginning; only the
    status moves, with `payment_id` or `reason`, and `refunds` grow. Every change goes out through the table's stream.
    """

    class Meta(dynamodb.Meta):
        table_name = "Orders"

    order_id = UnicodeAttribute(hash_key=True, attr_name="orderId")
    user_id = UnicodeAttribute(attr_name="userId")
    status = UnicodeAttribute(default=CREATED)
    lines = dynamodb.MapsAttribute(of=OrderLine, attr_name="items")
    total_minor = dynamodb.WholeNumber(attr_name="totalMinor")
    currency = UnicodeAttribute()
    method = UnicodeAttribute()
    payment_method = UnicodeAttribute(null=True, attr_name="paymentMethod")
    payment_id = UnicodeAttribute(null=True, attr_name="paymentId")
    reason = UnicodeAttribute(null=True)
    correlation_id = UnicodeAttribute(attr_name="correlationId")
    request_hash = UnicodeAttribute(null=True, attr_name="requestHash")
    created_at = UnicodeAttribute(attr_name="createdAt")
    updated_at = UnicodeAttribute(attr_name="updatedAt")
    placed_on = UnicodeAttribute(null=True, attr_name="placedOn")
    refunds = dynamodb.MapsAttribute(of=Refund, null=True)
    version = VersionAttribute()
    by_customer = ByCustomer()
    by_day = ByDay()
