"""The table Orders, the statuses of an order, and which may follow which."""

from pynamodb.attributes import Attribute, ListAttribute, MapAttribute, UnicodeAttribute, VersionAttribute
from pynamodb.constants import NUMBER
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from common import tables

CREATED = "CREATED"
CONFIRMED = "CONFIRMED"
FAILED = "FAILED"
EXPIRED = "EXPIRED"
CANCELLED = "CANCELLED"

FOLLOWED_BY = {
    CREATED: (CONFIRMED, FAILED, EXPIRED, CANCELLED),
    CONFIRMED: (),
    FAILED: (),
    EXPIRED: (),
    CANCELLED: (),
}


def before(status: str) -> list[str]:
    """The statuses that an order may have just before this one."""
    return [earlier for earlier, later in FOLLOWED_BY.items() if status in later]


class WholeNumber(Attribute[int]):
    """A quantity, or money in minor units: never a float, as PynamoDB's own NumberAttribute is."""

    attr_type = NUMBER

    def serialize(self, value: int) -> str:
        """As DynamoDB writes numbers."""
        return str(int(value))

    def deserialize(self, value: str) -> int:
        """From DynamoDB's text."""
        return int(value)


class OrderLine(MapAttribute):
    """One product of an order, with the name and price that it had when it was ordered."""

    product_id = UnicodeAttribute(attr_name="productId")
    name = UnicodeAttribute()
    qty = WholeNumber()
    price_minor = WholeNumber(attr_name="priceMinor")
    line_total_minor = WholeNumber(attr_name="lineTotalMinor")


class ByCustomer(GlobalSecondaryIndex["Order"]):
    """A customer's orders in the order of their making; a new one shows here a moment later."""

    class Meta:
        index_name = "by-customer"
        projection = AllProjection()

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    created_at = UnicodeAttribute(range_key=True, attr_name="createdAt")


class Order(Model):
    """A purchase: CREATED, then CONFIRMED once paid; or FAILED, EXPIRED, CANCELLED. Never deleted.

    Goods, prices and total stand from the beginning; only the status moves, with `payment_id` or `reason`. Every change
    goes out through the table's stream.
    """

    class Meta(tables.Meta):
        table_name = "Orders"

    order_id = UnicodeAttribute(hash_key=True, attr_name="orderId")
    user_id = UnicodeAttribute(attr_name="userId")
    status = UnicodeAttribute(default=CREATED)
    lines = ListAttribute(of=OrderLine, attr_name="items")
    total_minor = WholeNumber(attr_name="totalMinor")
    currency = UnicodeAttribute()
    method = UnicodeAttribute()
    payment_method = UnicodeAttribute(null=True, attr_name="paymentMethod")
    payment_id = UnicodeAttribute(null=True, attr_name="paymentId")
    reason = UnicodeAttribute(null=True)
    correlation_id = UnicodeAttribute(attr_name="correlationId")
    request_hash = UnicodeAttribute(null=True, attr_name="requestHash")
    created_at = UnicodeAttribute(attr_name="createdAt")
    updated_at = UnicodeAttribute(attr_name="updatedAt")
    version = VersionAttribute()
    by_customer = ByCustomer()
