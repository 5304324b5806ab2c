"""The table Products: the catalogue."""

from enum import StrEnum

from pynamodb.attributes import UnicodeAttribute, VersionAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from common import dynamodb
from common.dynamodb import WholeNumber


class ProductStatus(StrEnum):
    """Whether a product is on sale."""

    ACTIVE = "ACTIVE"
    ARCHIVED = "ARCHIVED"


ACTIVE = ProductStatus.ACTIVE
ARCHIVED = ProductStatus.ARCHIVED


class ByPrice(GlobalSecondaryIndex["Product"]):
    """The active products of one currency, by price."""

    class Meta:
        index_name = "by-price"
        projection = AllProjection()

    listing = UnicodeAttribute(hash_key=True)
    price_minor = WholeNumber(range_key=True, attr_name="priceMinor")


class ByCategory(GlobalSecondaryIndex["Product"]):
    """The active products of one category and currency, by price."""

    class Meta:
        index_name = "by-category"
        projection = AllProjection()

    category_listing = UnicodeAttribute(hash_key=True, attr_name="categoryListing")
    price_minor = WholeNumber(range_key=True, attr_name="priceMinor")


class Product(Model):
    """A product: ACTIVE, then ARCHIVED for good. The indexes have only ACTIVE ones."""

    class Meta(dynamodb.Meta):
        table_name = "Products"

    product_id = UnicodeAttribute(hash_key=True, attr_name="productId")
    name = UnicodeAttribute()
    description = UnicodeAttribute()
    category = UnicodeAttribute()
    sku = UnicodeAttribute(null=True)
    price_minor = WholeNumber(attr_name="priceMinor")
    currency = UnicodeAttribute()
    status = UnicodeAttribute(default=ACTIVE)
    listing = UnicodeAttribute(null=True)
    category_listing = UnicodeAttribute(null=True, attr_name="categoryListing")
    request_hash = UnicodeAttribute(attr_name="requestHash")
    created_at = UnicodeAttribute(attr_name="createdAt")
    updated_at = UnicodeAttribute(attr_name="updatedAt")
    version = VersionAttribute()

    by_price = ByPrice()
    by_category = ByCategory()


class SkuClaim(Model):
    """The product that has a SKU, for good.

    Written together with it, so that no two share one.
    """

    class Meta(dynamodb.Meta):
        table_name = "Products"

    key = UnicodeAttribute(hash_key=True, attr_name="productId")
    owner_id = UnicodeAttribute(null=True, attr_name="ownerId")  # products have none

    @staticmethod
    def key_for(sku: str) -> str:
        """Return the key of the claim on a SKU."""
        return f"SKU#{sku}"


def category_listing(currency: str, category: str) -> str:
    """The partition of a category's products in the index by-category."""
    return f"{currency}#{category}"
