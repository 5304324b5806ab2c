"""The table Carts: what customers and guests mean to buy, and what must not be done to a cart twice.

Its hash key `userId` says whose cart it is: USER#... of an account, GUEST#... of somebody who has not logged in.
"""

from typing import Self

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from common import dynamodb

# All kinds of rows share a cart's partition; the sort key's prefix tells them apart.
PRODUCT_PREFIX = "PROD#"
MERGED_PREFIX = "KEY#MERGED#"

OPEN = "OPEN"
MERGED = "MERGED"


class CartItem(Model):
    """So many of a product in somebody's cart; gone once it is removed or bought.

    Whenever `qty` changes, so does `updatedAt`: checkout tells by both whether a cart is still the one it saw before.
    Only a guest's item has `expiresAt`, that of the cart.
    """

    class Meta(dynamodb.Meta):
        table_name = "Carts"

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    product_id = UnicodeAttribute(range_key=True, attr_name="productId")
    qty = NumberAttribute()
    added_at = UnicodeAttribute(attr_name="addedAt")
    updated_at = UnicodeAttribute(attr_name="updatedAt")
    expires_at = NumberAttribute(attr_name="expiresAt", null=True)


class GuestCart(Model):
    """A cart without an account: OPEN, then MERGED into the account of whoever logs in; or it expires.

    Items go in only in one transaction with a check that it is OPEN. The secret that opens it is not stored, only its
    hash, in `userId`. An expired cart counts as gone, also until DynamoDB gets round to deleting it.
    """

    class Meta(dynamodb.Meta):
        table_name = "Carts"

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    key = UnicodeAttribute(range_key=True, attr_name="productId", default="KEY#GUEST")
    status = UnicodeAttribute(default=OPEN)
    merged_into = UnicodeAttribute(attr_name="mergedInto", null=True)
    expires_at = NumberAttribute(attr_name="expiresAt")


class MergedItem(Model):
    """What became of a guest's item, written in the transaction that takes it out of the guest's cart."""

    class Meta(dynamodb.Meta):
        table_name = "Carts"

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    key = UnicodeAttribute(range_key=True, attr_name="productId")
    taken = NumberAttribute()
    left = NumberAttribute()
    reason = UnicodeAttribute(null=True)
    expires_at = NumberAttribute(attr_name="expiresAt")


class Done(Model):
    """That something was done to a cart, written in the same transaction: whoever finds it does not do it again.

    It expires when no repeat can come any more; until DynamoDB gets round to deleting it, it goes on counting.
    """

    class Meta(dynamodb.Meta):
        table_name = "Carts"

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    key = UnicodeAttribute(range_key=True, attr_name="productId")
    body_hash = UnicodeAttribute(attr_name="bodyHash", null=True)
    qty = NumberAttribute(null=True)
    expires_at = NumberAttribute(attr_name="expiresAt")

    @classmethod
    def find(cls, user_id: str, key: str) -> Self | None:
        """The row, if it was done; as of now, not of a moment ago."""
        try:
            return cls.get(user_id, key, consistent_read=True)
        except cls.DoesNotExist:
            return None

    @staticmethod
    def key_of_request(idempotency_key: str) -> str:
        """The key for what a client asked for; never that of an order, whatever text the client chose."""
        return f"KEY#REQUEST#{idempotency_key}"

    @staticmethod
    def key_of_order(order_id: str) -> str:
        """The key for the clearing after an order, such as KEY#ORDER#1001."""
        return f"KEY#{order_id}"
