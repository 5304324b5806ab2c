"""The verbs of the catalogue that read it."""

from chalicelib.inventory import service as inventory
from chalicelib.inventory import supply
from chalicelib.products import listing, lookups, views
from chalicelib.products.filters import ProductFilters
from chalicelib.products.models import Product
from chalicelib.products.statuses import ACTIVE
from chalicelib.products.views import ManagedProduct, ProductView, ProductWithStock
from common.pages import Page


def list_products(filters: ProductFilters) -> Page[ProductView]:
    """Return a page of the catalogue from DynamoDB, cheapest first.

    Eventually consistent. Only its filters by SKU, slug, category and price apply.

    Raises: InvalidCursor.
    """
    if filters.sku is not None or filters.slug is not None:
        page = Page(lookups.find_claimed(filters))
    else:
        page = listing.query_page(filters)
    return Page([views.product_view(product) for product in page.items], page.cursor)


def get_product(product_id: str) -> ProductWithStock:
    """Return an active product with its stock, or a parent with its variants.

    Raises: ProductNotFound.
    """
    return _with_stock(lookups.get_active_product(product_id))


def get_managed_product(product_id: str) -> ManagedProduct:
    """Return a product as staff see it, in any status. Raises: ProductNotFound."""
    product = lookups.get_product(product_id)
    return views.managed_product(product, _with_stock(product))


def _with_stock(product: Product) -> ProductWithStock:
    related = _related(product)
    if not views.is_parent(product):
        stock = supply.get_stock(product.product_id)
        return views.product_with_stock(product, [stock], related=related)
    variant_ids = [row.product_id for row in views.unarchived(product)]
    stocks = inventory.get_stocks(variant_ids)
    variants = views.variant_views(product, lookups.get_products(variant_ids), stocks)
    return views.product_with_stock(product, stocks.values(), variants=variants, related=related)


def _related(product: Product) -> list[ProductView] | None:
    """What is related and on sale, in the order that staff gave it."""
    if not product.related_ids:
        return None
    matches = lookups.get_products(product.related_ids)
    shown = [matches[key] for key in product.related_ids if key in matches]
    return [views.product_view(one) for one in shown if one.status == ACTIVE] or None
