"""The tables Promotions and CouponUses."""

from typing import Any

from pynamodb.attributes import BooleanAttribute, ListAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from chalicelib.configuration.rows import ConfigurationRow, KeyRow
from common import dynamodb, ids

AUTOMATIC = "AUTOMATIC"
EVERYBODY = "EVERYBODY"  # the sort key of all uses of a coupon


class Automatic(GlobalSecondaryIndex["PromotionRow"]):
    """The promotions without a code, which every order gets, eventually consistent."""

    class Meta:
        index_name = "automatic"
        projection = AllProjection()

    automatic = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True, attr_name="promotionId")


class PromotionRow(ConfigurationRow):
    """A promotion. The id of a coupon follows from its code, so that no two share one.

    A deleted one stays, as `is_archived`, and keeps its code and its uses.
    """

    class Meta(dynamodb.Meta):
        table_name = "Promotions"

    id_prefix = "PROMO"
    id = UnicodeAttribute(hash_key=True, attr_name="promotionId")
    automatic = UnicodeAttribute(null=True)
    is_archived = BooleanAttribute(attr_name="isArchived", null=True)
    effect = UnicodeAttribute()
    code = UnicodeAttribute(null=True)
    millionths = dynamodb.WholeNumber(null=True)
    amount_minor = dynamodb.WholeNumber(attr_name="amountMinor", null=True)
    buy_qty = dynamodb.WholeNumber(attr_name="buyQty", null=True)
    get_qty = dynamodb.WholeNumber(attr_name="getQty", null=True)
    currency = UnicodeAttribute()
    product_ids: ListAttribute[Any] = ListAttribute(attr_name="productIds")
    categories: ListAttribute[Any] = ListAttribute()
    min_subtotal_minor = dynamodb.WholeNumber(attr_name="minSubtotalMinor", null=True)
    first_order_only = BooleanAttribute(attr_name="firstOrderOnly")
    starts_at = UnicodeAttribute(attr_name="startsAt", null=True)
    ends_at = UnicodeAttribute(attr_name="endsAt", null=True)
    usage_limit = dynamodb.WholeNumber(attr_name="usageLimit", null=True)
    usage_limit_per_customer = dynamodb.WholeNumber(attr_name="usageLimitPerCustomer", null=True)
    by_automatic = Automatic()


class PromotionKey(KeyRow):
    """The promotion that an Idempotency-Key created."""

    class Meta(dynamodb.Meta):
        table_name = "Promotions"

    id = UnicodeAttribute(hash_key=True, attr_name="promotionId")


class CouponUses(Model):
    """How often a coupon is used by orders that are open or paid.

    One row counts everybody's uses, and one those of each customer.
    """

    class Meta(dynamodb.Meta):
        table_name = "CouponUses"

    promotion_id = UnicodeAttribute(hash_key=True, attr_name="promotionId")
    user_id = UnicodeAttribute(range_key=True, attr_name="userId")
    uses = dynamodb.WholeNumber()


def coupon_id(code: str) -> str:
    """Return the id of the coupon of this code."""
    return ids.deterministic(PromotionRow.id_prefix, code)
