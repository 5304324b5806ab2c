"""Read model of cart-service's table Carts."""

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from common import dynamodb


class CartItem(Model):
    """One product in a customer's cart. Rows `KEY#...` of the table are none."""

    class Meta(dynamodb.Meta):
        table_name = "Carts"

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    product_id = UnicodeAttribute(range_key=True, attr_name="productId")
    qty = dynamodb.WholeNumber(null=True)
    updated_at = UnicodeAttribute(attr_name="updatedAt", null=True)


def list_cart_items(user_id: str) -> list[CartItem]:
    """List the customer's cart with a strongly consistent read."""
    is_product = CartItem.product_id.startswith("PROD#")
    return list(CartItem.query(user_id, is_product, consistent_read=True))
