"""The table Products: the catalogue."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute, VersionAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from common import dynamodb

ACTIVE = "ACTIVE"
ARCHIVED = "ARCHIVED"


class ByPrice(GlobalSecondaryIndex):
    """The products of one currency that can be bought, by price."""

    class Meta:
        index_name = "by-price"
        projection = AllProjection()

    listing = UnicodeAttribute(hash_key=True)
    price_minor = NumberAttribute(range_key=True, attr_name="priceMinor")


class ByCategory(GlobalSecondaryIndex):
    """The products of one category and currency that can be bought, by price."""

    class Meta:
        index_name = "by-category"
        projection = AllProjection()

    category_listing = UnicodeAttribute(hash_key=True, attr_name="categoryListing")
    price_minor = NumberAttribute(range_key=True, attr_name="priceMinor")


class Product(Model):
    """Something to buy: ACTIVE, then ARCHIVED for good. Only while ACTIVE it has listings, and so is found by the indexes."""

    class Meta(dynamodb.Meta):
        table_name = "Products"

    product_id = UnicodeAttribute(hash_key=True, attr_name="productId")
    name = UnicodeAttribute()
    description = UnicodeAttribute()
    category = UnicodeAttribute()
    price_minor = NumberAttribute(attr_name="priceMinor")
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


def listing_of(currency: str, category: str) -> str:
    """Where the index by-category keeps the products of a category."""
    return f"{currency}#{category}"
