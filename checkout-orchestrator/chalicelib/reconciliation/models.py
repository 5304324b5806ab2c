"""Read models of the tables that the books are checked against and others own: only the fields that are used here."""

from pynamodb.attributes import BooleanAttribute, ListAttribute, MapAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from chalicelib.checkout.models import BOUGHT, OrderLine
from common import dynamodb

ENDED = ("FAILED", "CANCELLED", "EXPIRED")

DONE = "DONE"  # of a refund; until then it is REQUESTED

RESERVED = "RESERVED"
COMMITTED = "COMMITTED"
RELEASED = "RELEASED"
OPEN = "OPEN"

COMPLETED = "ORDER_COMPLETED"  # what analytics makes of order.done


class Refund(MapAttribute):
    """One refund of a confirmed order: REQUESTED, then DONE once the money is back."""

    refund_id = UnicodeAttribute(attr_name="refundId")
    lines = dynamodb.MapsAttribute(of=OrderLine, attr_name="items")
    amount_minor = dynamodb.WholeNumber(attr_name="amountMinor")
    restock = BooleanAttribute(default=True)
    status = UnicodeAttribute()
    requested_at = UnicodeAttribute(attr_name="requestedAt")


class ByDay(GlobalSecondaryIndex["Order"]):
    """The ids of the orders of one day, in eight parts: `placedOn` is `2026-11-22#0` to `2026-11-22#7`."""

    class Meta:
        index_name = "by-day"
        projection = KeysOnlyProjection()

    placed_on = UnicodeAttribute(hash_key=True, attr_name="placedOn")


class Order(Model):
    """Of order-service: what was ordered, how it ended, and what was given back since. Read here, never written."""

    class Meta(dynamodb.Meta):
        table_name = "Orders"

    order_id = UnicodeAttribute(hash_key=True, attr_name="orderId")
    user_id = UnicodeAttribute(attr_name="userId")
    status = UnicodeAttribute()
    lines = dynamodb.MapsAttribute(of=OrderLine, attr_name="items")
    total_minor = dynamodb.WholeNumber(attr_name="totalMinor")
    currency = UnicodeAttribute()
    payment_id = UnicodeAttribute(attr_name="paymentId", null=True)
    reason = UnicodeAttribute(null=True)
    correlation_id = UnicodeAttribute(attr_name="correlationId", null=True)
    refunds: ListAttribute[Refund] = dynamodb.MapsAttribute(of=Refund, null=True)
    created_at = UnicodeAttribute(attr_name="createdAt")
    updated_at = UnicodeAttribute(attr_name="updatedAt")
    by_day = ByDay()

    @property
    def is_sold(self) -> bool:
        """Whether it was confirmed, whatever was given back since."""
        return self.status in BOUGHT

    @property
    def has_ended(self) -> bool:
        """Whether it ended without a purchase."""
        return self.status in ENDED


class Goods(MapAttribute):
    """How many of a product, and how many of them came back."""

    product_id = UnicodeAttribute(attr_name="productId")
    qty = dynamodb.WholeNumber()
    returned = dynamodb.WholeNumber(null=True)


class ByExpiry(GlobalSecondaryIndex["Reservation"]):
    """The reservations that may still expire, by when they do."""

    class Meta:
        index_name = "by-expiry"
        projection = KeysOnlyProjection()

    open = UnicodeAttribute(hash_key=True)
    expires_at = dynamodb.WholeNumber(range_key=True, attr_name="expiresAt")


class Reservation(Model):
    """Of product-service: what an order holds of the stock. Read here, never written."""

    class Meta(dynamodb.Meta):
        table_name = "Reservations"

    order_id = UnicodeAttribute(hash_key=True, attr_name="orderId")
    items: ListAttribute[Goods] = dynamodb.MapsAttribute(of=Goods)
    status = UnicodeAttribute()
    open = UnicodeAttribute(null=True)
    expires_at = dynamodb.WholeNumber(attr_name="expiresAt")
    updated_at = UnicodeAttribute(attr_name="updatedAt")
    by_expiry = ByExpiry()


class Stock(Model):
    """Of product-service: what there is of a product, on three shelves. Read here, never written."""

    class Meta(dynamodb.Meta):
        table_name = "Inventory"

    product_id = UnicodeAttribute(hash_key=True, attr_name="productId")
    available = dynamodb.WholeNumber(attr_name="availableStock")
    reserved = dynamodb.WholeNumber(attr_name="reservedStock")
    sold = dynamodb.WholeNumber(attr_name="soldStock")
    supplied = dynamodb.WholeNumber(attr_name="suppliedStock")
    updated_at = UnicodeAttribute(attr_name="updatedAt")


class EventLog(Model):
    """Of analytics-service: one thing that happened. Read here, never written."""

    class Meta(dynamodb.Meta):
        table_name = "EventLogs"

    event_id = UnicodeAttribute(hash_key=True, attr_name="eventId")
    event_type = UnicodeAttribute(attr_name="eventType")
    timestamp = UnicodeAttribute()
