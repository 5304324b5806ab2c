"""Read models of the tables that a checkout looks at and others own: only the fields that are used here."""

from pynamodb.attributes import MapAttribute, UnicodeAttribute
from pynamodb.models import Model

from common import dynamodb

CREATED = "CREATED"
CONFIRMED = "CONFIRMED"
PARTLY_REFUNDED = "PARTLY_REFUNDED"
REFUNDED = "REFUNDED"
BOUGHT = (CONFIRMED, PARTLY_REFUNDED, REFUNDED)
MAY_BE_PAID = (CREATED, CONFIRMED)


class OrderLine(MapAttribute):
    """One product of an order, at the price of its day."""

    product_id = UnicodeAttribute(attr_name="productId")
    name = UnicodeAttribute(null=True)
    qty = dynamodb.WholeNumber()
    line_total_minor = dynamodb.WholeNumber(attr_name="lineTotalMinor", null=True)


class Order(Model):
    """Of order-service: CREATED, then CONFIRMED and perhaps refunded; or FAILED, CANCELLED, EXPIRED. Read here, never written."""

    class Meta(dynamodb.Meta):
        table_name = "Orders"

    order_id = UnicodeAttribute(hash_key=True, attr_name="orderId")
    user_id = UnicodeAttribute(attr_name="userId")
    status = UnicodeAttribute()
    lines = dynamodb.MapsAttribute(of=OrderLine, attr_name="items")
    total_minor = dynamodb.WholeNumber(attr_name="totalMinor")
    currency = UnicodeAttribute()
    method = UnicodeAttribute(null=True)
    payment_method = UnicodeAttribute(attr_name="paymentMethod", null=True)
    reason = UnicodeAttribute(null=True)
    correlation_id = UnicodeAttribute(attr_name="correlationId", null=True)
    request_hash = UnicodeAttribute(attr_name="requestHash", null=True)


class CartLine(Model):
    """Of cart-service: one product in a customer's cart. Its table also holds rows named KEY#..., which are no lines."""

    class Meta(dynamodb.Meta):
        table_name = "Carts"

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    product_id = UnicodeAttribute(range_key=True, attr_name="productId")
    qty = dynamodb.WholeNumber(null=True)
    updated_at = UnicodeAttribute(attr_name="updatedAt", null=True)


def find_order(order_id: str) -> Order | None:
    """The order as it is now."""
    try:
        return Order.get(order_id, consistent_read=True)
    except Order.DoesNotExist:
        return None


def cart_of(user_id: str) -> list[CartLine]:
    """All lines of the customer's cart as it is now."""
    lines = CartLine.query(user_id, CartLine.product_id.startswith("PROD#"), consistent_read=True)
    return list(lines)
