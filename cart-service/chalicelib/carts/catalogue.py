"""What the cart reads of product-service's table Products."""

from collections.abc import Iterable

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from chalicelib.carts import batches
from chalicelib.carts.errors import ProductNotFound
from common import dynamodb

ACTIVE = "ACTIVE"


class Product(Model):
    """Something the shop sells, or sold."""

    class Meta(dynamodb.Meta):
        table_name = "Products"

    product_id = UnicodeAttribute(hash_key=True, attr_name="productId")
    name = UnicodeAttribute()
    price_minor = NumberAttribute(attr_name="priceMinor")
    currency = UnicodeAttribute()
    status = UnicodeAttribute()

    @property
    def is_on_sale(self) -> bool:
        """Whether it may go into a cart; how much of it is in stock is another question."""
        return self.status == ACTIVE


def require_on_sale(product_id: str) -> None:
    """ProductNotFound unless the product can be bought, as of now: it may have been created a moment ago."""
    try:
        product = Product.get(product_id, consistent_read=True)
    except Product.DoesNotExist:
        raise ProductNotFound(f"there is no product {product_id}") from None
    if not product.is_on_sale:
        raise ProductNotFound(f"{product_id} is no longer on sale")


def described(product_ids: Iterable[str]) -> dict[str, Product]:
    """These products by id, archived ones included; CartUnavailable if they cannot all be read."""
    keys = [{"productId": product_id} for product_id in product_ids]
    return {product.product_id: product for product in batches.read(Product, keys)}
