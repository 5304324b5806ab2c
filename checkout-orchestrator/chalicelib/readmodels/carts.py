"""Read model of cart-service's table Carts."""

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from common import dynamodb
from common.batch_reads import Key

MERGED = "MERGED"  # the status of a guest's cart that an account has


class CartItem(Model):
    """One product in a customer's cart. Rows `KEY#...` of the table are none."""

    class Meta(dynamodb.Meta):
        table_name = "Carts"

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    product_id = UnicodeAttribute(range_key=True, attr_name="productId")
    qty = dynamodb.WholeNumber(null=True)
    added_at = UnicodeAttribute(attr_name="addedAt", null=True)
    updated_at = UnicodeAttribute(attr_name="updatedAt", null=True)

    def taken(self) -> dict[str, str | int]:
        """The line of an order that takes this item."""
        version = {"addedAt": self.added_at} if self.added_at else {}
        return {"productId": self.product_id, "qty": self.qty, **version}

    def is_older_than(self, placed_at: str) -> bool:
        """Whether it was in the cart when an order of this time was placed."""
        return self.added_at is None or self.added_at <= placed_at


class GuestCart(Model):
    """A cart without an account, open until it is merged into one or expires."""

    class Meta(dynamodb.Meta):
        table_name = "Carts"

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    key = UnicodeAttribute(range_key=True, attr_name="productId")
    status = UnicodeAttribute()
    expires_at = dynamodb.WholeNumber(attr_name="expiresAt")


def guest_cart_key(guest_id: str) -> Key[GuestCart]:
    """Return the key of a guest's cart."""
    return Key(GuestCart, guest_id, "KEY#GUEST")


def list_cart_items(user_id: str) -> list[CartItem]:
    """List the customer's cart with a strongly consistent read."""
    is_product = CartItem.product_id.startswith("PROD#")
    return list(CartItem.query(user_id, is_product, consistent_read=True))


def clearing_key(user_id: str, order_id: str) -> Key[CartItem]:
    """Return the key of the row that says that the order's goods left the cart."""
    return Key(CartItem, user_id, f"KEY#{order_id}")
