"""Read model of order-service's table CustomerOrders."""

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute
from pynamodb.models import Model

from common import dynamodb
from common.batch_reads import BatchReader, Key


class RecentLine(dynamodb.Map):
    """How many of a product an order has."""

    product_id = UnicodeAttribute(attr_name="productId")
    qty = dynamodb.WholeNumber()


class RecentOrder(dynamodb.Map):
    """An order that a customer placed lately."""

    order_id = UnicodeAttribute(attr_name="orderId")
    from_cart = BooleanAttribute(attr_name="fromCart")
    placed_at = UnicodeAttribute(attr_name="placedAt")
    lines = dynamodb.MapsAttribute(of=RecentLine, attr_name="items")


class CustomerOrders(Model):
    """A customer's recent orders."""

    class Meta(dynamodb.Meta):
        table_name = "CustomerOrders"

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    recent = dynamodb.MapsAttribute(of=RecentOrder)


def key(user_id: str) -> Key[CustomerOrders]:
    """Return the key of a customer's row."""
    return Key(CustomerOrders, user_id)


def list_recent_orders(user_id: str, reader: BatchReader) -> list[RecentOrder]:
    """List what the customer ordered lately."""
    customer = reader.find(key(user_id))
    return list(customer.recent) if customer else []
