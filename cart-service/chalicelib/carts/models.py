"""The table Carts: items, guests' carts, and idempotency records.

The hash key `userId` is the cart's owner: USER#... of an account, GUEST#... of a guest.
"""

from enum import StrEnum

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from common import dynamodb
from common.dynamodb import WholeNumber

# All kinds of rows share a cart's partition; the prefix of the sort key tells them apart.
PRODUCT_PREFIX = "PROD#"
MERGED_PREFIX = "KEY#MERGED#"


class GuestCartStatus(StrEnum):
    """Whether a guest's cart is in use."""

    OPEN = "OPEN"
    MERGED = "MERGED"


OPEN = GuestCartStatus.OPEN
MERGED = GuestCartStatus.MERGED


class CartItem(Model):
    """A product in a cart, deleted once it is removed or ordered.

    `updatedAt` changes whenever `qty` does: checkout recognizes an unchanged cart by both.
    `shownPriceMinor` is the price that the customer saw last: an order is not dearer than that.
    Only a guest's item has `expiresAt`, that of the cart.
    """

    class Meta(dynamodb.Meta):
        table_name = "Carts"

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    product_id = UnicodeAttribute(range_key=True, attr_name="productId")
    qty = WholeNumber()
    added_at = UnicodeAttribute(attr_name="addedAt")
    updated_at = UnicodeAttribute(attr_name="updatedAt")
    shown_price_minor = WholeNumber(attr_name="shownPriceMinor", null=True)
    expires_at = WholeNumber(attr_name="expiresAt", null=True)


class GuestCart(Model):
    """A cart without an account: OPEN, then MERGED into an account, or expired.

    Items are added only in a transaction that checks that it is OPEN. `userId` has the hash of
    the secret, which is not stored. An expired cart is treated as absent, also before
    DynamoDB deletes it.
    """

    class Meta(dynamodb.Meta):
        table_name = "Carts"

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    key = UnicodeAttribute(range_key=True, attr_name="productId", default="KEY#GUEST")
    status = UnicodeAttribute(default=OPEN)
    merged_into = UnicodeAttribute(attr_name="mergedInto", null=True)
    expires_at = WholeNumber(attr_name="expiresAt")


class MergedItem(Model):
    """The result of merging a guest's item, stored in the same transaction."""

    class Meta(dynamodb.Meta):
        table_name = "Carts"

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    key = UnicodeAttribute(range_key=True, attr_name="productId")
    taken = WholeNumber()
    left = WholeNumber()
    reason = UnicodeAttribute(null=True)
    expires_at = WholeNumber(attr_name="expiresAt")


class IdempotencyRecord(Model):
    """A change that was made to a cart, stored in the same transaction.

    It expires when no repeat can arrive any more, and is valid until DynamoDB deletes it.
    """

    class Meta(dynamodb.Meta):
        table_name = "Carts"

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    key = UnicodeAttribute(range_key=True, attr_name="productId")
    body_hash = UnicodeAttribute(attr_name="bodyHash", null=True)
    qty = WholeNumber(null=True)
    expires_at = WholeNumber(attr_name="expiresAt")

    @staticmethod
    def request_key(idempotency_key: str) -> str:
        """The key of a client's request: never that of an order, for any input."""
        return f"KEY#REQUEST#{idempotency_key}"

    @staticmethod
    def order_key(order_id: str) -> str:
        """The key of the clearing after an order, such as KEY#ORDER#1001."""
        return f"KEY#{order_id}"
