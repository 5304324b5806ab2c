"""Read models of product-service's tables: what is sold, for how much, and how many are left."""

from collections.abc import Iterable

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from common import dynamodb

_SOLD = "ACTIVE"


class Product(Model):
    """A product as the shop offers it, or offered it until it was archived."""

    class Meta(dynamodb.Meta):
        table_name = "Products"

    product_id = UnicodeAttribute(hash_key=True, attr_name="productId")
    name = UnicodeAttribute()
    price_minor = dynamodb.WholeNumber(attr_name="priceMinor")
    currency = UnicodeAttribute()
    status = UnicodeAttribute()


class Stock(Model):
    """How many of a product are neither reserved nor sold."""

    class Meta(dynamodb.Meta):
        table_name = "Inventory"

    product_id = UnicodeAttribute(hash_key=True, attr_name="productId")
    available_stock = dynamodb.WholeNumber(attr_name="availableStock")


# batch_get asks again for what DynamoDB leaves unprocessed.


def products_sold(product_ids: Iterable[str]) -> dict[str, Product]:
    """Those of the products that are for sale, by id."""
    found = Product.batch_get(product_ids, consistent_read=True)
    return {product.product_id: product for product in found if product.status == _SOLD}


def stock_left(product_ids: Iterable[str]) -> dict[str, int]:
    """How many are left of each product that has any stock at all."""
    found = Stock.batch_get(product_ids, consistent_read=True)
    return {stock.product_id: stock.available_stock for stock in found}
