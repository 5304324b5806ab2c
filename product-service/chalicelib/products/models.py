"""The table Products: the catalogue."""

from pynamodb.attributes import ListAttribute, UnicodeAttribute, VersionAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from chalicelib.products.statuses import ACTIVE
from common import dynamodb
from common.dynamodb import WholeNumber


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


class AttributeRow(dynamodb.Map):
    """An attribute of a product, its value as one text."""

    name = UnicodeAttribute()
    key = UnicodeAttribute()
    type = UnicodeAttribute()
    value = UnicodeAttribute()
    label = UnicodeAttribute(null=True)


class OptionRow(dynamodb.Map):
    """What a variant is in one option, such as Size: L."""

    name = UnicodeAttribute()
    value = UnicodeAttribute()


class VariantRow(dynamodb.Map):
    """What a parent knows of a variant. Written in one transaction with it."""

    product_id = UnicodeAttribute(attr_name="productId")
    values: ListAttribute[str] = ListAttribute()
    price_minor = WholeNumber(attr_name="priceMinor")
    archived_at = UnicodeAttribute(null=True, attr_name="archivedAt")


class Product(Model):
    """A product, a variant or a parent.

    The indexes have the ACTIVE ones but for variants.

    Carts, orders, prices and stock are about `PROD#`, products and variants. A parent, `PARENT#`,
    shows its variants: its price is the least of theirs, and nobody can buy it.
    """

    class Meta(dynamodb.Meta):
        table_name = "Products"

    product_id = UnicodeAttribute(hash_key=True, attr_name="productId")
    name = UnicodeAttribute()
    description = UnicodeAttribute()
    category = UnicodeAttribute()
    categories: ListAttribute[str] = ListAttribute(null=True)  # besides `category`
    sku = UnicodeAttribute(null=True)
    slug = UnicodeAttribute(null=True)
    attributes: ListAttribute[AttributeRow] = dynamodb.MapsAttribute(of=AttributeRow, null=True)
    tax_class = UnicodeAttribute(null=True, attr_name="taxClass")
    weight_grams = WholeNumber(null=True, attr_name="weightGrams")
    compare_at_minor = WholeNumber(null=True, attr_name="compareAtMinor")
    compare_at_from = UnicodeAttribute(null=True, attr_name="compareAtFrom")
    compare_at_until = UnicodeAttribute(null=True, attr_name="compareAtUntil")
    related_ids: ListAttribute[str] = ListAttribute(null=True, attr_name="relatedIds")
    parent_id = UnicodeAttribute(null=True, attr_name="parentId")
    options: ListAttribute[OptionRow] = dynamodb.MapsAttribute(of=OptionRow, null=True)
    option_names: ListAttribute[str] = ListAttribute(null=True, attr_name="optionNames")
    variants: ListAttribute[VariantRow] = dynamodb.MapsAttribute(of=VariantRow, null=True)
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


class Claim(Model):
    """The product that has a SKU, for good, or a slug, while it has it.

    Written together with it, so that no two share one.
    """

    class Meta(dynamodb.Meta):
        table_name = "Products"

    key = UnicodeAttribute(hash_key=True, attr_name="productId")
    owner_id = UnicodeAttribute(null=True, attr_name="ownerId")  # products have none

    @staticmethod
    def sku(sku: str) -> str:
        """Return the key of the claim on a SKU."""
        return f"SKU#{sku}"

    @staticmethod
    def slug(slug: str) -> str:
        """Return the key of the claim on a slug."""
        return f"SLUG#{slug}"


def category_listing(currency: str, category: str) -> str:
    """The partition of a category's products in the index by-category."""
    return f"{currency}#{category}"
