"""Read model of product-service's table Products."""

from collections.abc import Iterable

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from chalicelib.carts import batches
from chalicelib.carts.errors import ProductNotFound
from common import dynamodb

ACTIVE = "ACTIVE"


class Product(Model):
    """A product of the catalogue, archived or not."""

    class Meta(dynamodb.Meta):
        table_name = "Products"

    product_id = UnicodeAttribute(hash_key=True, attr_name="productId")
    name = UnicodeAttribute()
    price_minor = dynamodb.WholeNumber(attr_name="priceMinor")
    currency = UnicodeAttribute()
    status = UnicodeAttribute()

    @property
    def is_on_sale(self) -> bool:
        """Whether it may be put into a cart. Stock is checked at checkout."""
        return self.status == ACTIVE


def get_on_sale(product_id: str) -> Product:
    """Return a product that is on sale, strongly consistent.

    Raises: ProductNotFound.
    """
    product = dynamodb.find(Product, product_id)
    if product is None:
        raise ProductNotFound(f"there is no product {product_id}")
    if not product.is_on_sale:
        raise ProductNotFound(f"{product_id} is no longer on sale")
    return product


def find_products(product_ids: Iterable[str]) -> dict[str, Product]:
    """Return those products that exist, archived ones included, by id.

    Raises: CartUnavailable if not all could be read.
    """
    keys = [{"productId": product_id} for product_id in product_ids]
    return {product.product_id: product for product in batches.read(Product, keys)}
