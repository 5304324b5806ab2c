"""Reads of the catalogue's rows by their keys."""

from collections.abc import Iterable
from urllib.parse import unquote

from chalicelib.inventory.errors import ProductNotFound
from chalicelib.products import product_ids
from chalicelib.products.filters import ProductFilters
from chalicelib.products.models import Claim, Product
from chalicelib.products.statuses import ACTIVE
from common import dynamodb, ids


def get_product(product_id: str) -> Product:
    """Return the product, in any status. Raises: ProductNotFound."""
    key = product_ids.parse(product_id)
    product = dynamodb.find(Product, key)
    if product is None and "#" not in unquote(product_id):  # a bare ULID may be a parent's
        product = dynamodb.find(Product, ids.parse(product_ids.PARENT, product_id))
    if product is None:
        raise not_found(key)
    return product


def get_active_product(product_id: str) -> Product:
    """Return the product. Raises: ProductNotFound, also while it is not on sale."""
    product = get_product(product_id)
    if product.status != ACTIVE:
        raise not_found(product.product_id)
    return product


def get_products(keys: Iterable[str]) -> dict[str, Product]:
    """Return those of at most 100 products that exist, by id. Strongly consistent."""
    matches = Product.batch_get(list(keys), consistent_read=True)
    return {product.product_id: product for product in matches}


def find_claimed(filters: ProductFilters) -> list[Product]:
    """Return the one active product with the SKU or the slug of the filters, if any."""
    if filters.sku is not None:
        claim = dynamodb.find(Claim, Claim.sku(filters.sku))
    else:
        claim = dynamodb.find(Claim, Claim.slug(filters.slug or ""))
    product = get_product(claim.owner_id) if claim else None
    return [product] if product and product.status == ACTIVE else []


def not_found(product_id: str) -> ProductNotFound:
    """Return the error for a product that is not on sale."""
    return ProductNotFound(f"{product_ids.parse(product_id)} is not in the catalogue")
