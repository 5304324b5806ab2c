"""Pages of the catalogue, each one query on an index."""

from typing import Any

from chalicelib.products import product_ids
from chalicelib.products.filters import ProductFilters
from chalicelib.products.models import Product, category_listing
from common import ids
from common.pages import InvalidCursor, Page, decode_cursor, encode_cursor


def query_page(filters: ProductFilters) -> Page[Product]:
    """Return a page of the matching products, cheapest first.

    Raises: InvalidCursor, also for the cursor of a list with another price range.
    """
    index, attribute, value = _partition(filters)
    result = index.query(
        value,
        range_key_condition=Product.price_minor.between(
            filters.min_price_minor, filters.max_price_minor
        ),
        limit=filters.limit + 1,  # one more tells whether there is another page
        last_evaluated_key=_start_key(filters, attribute, value),
    )
    products = list(result)
    page = products[: filters.limit]
    has_next = len(products) > len(page)
    return Page(page, encode_cursor(_cursor_key(page[-1]) if has_next else None))


def _partition(filters: ProductFilters) -> tuple[Any, str, str]:
    """The index, the name of its hash key, and the value to query."""
    if filters.category is None:
        return Product.by_price, "listing", filters.currency
    listing = category_listing(filters.currency, filters.category)
    return Product.by_category, "categoryListing", listing


def _cursor_key(product: Product) -> dict[str, Any]:
    """The part of the index key that does not follow from the filters."""
    return {
        "productId": {"S": product.product_id},
        "priceMinor": {"N": str(product.price_minor)},
    }


def _start_key(filters: ProductFilters, attribute: str, value: str) -> dict[str, Any] | None:
    key = decode_cursor(filters.cursor)
    if key is None:
        return None
    try:
        price, product_id = int(key["priceMinor"]["N"]), product_ids.parse(key["productId"]["S"])
    except (KeyError, ValueError, ids.InvalidId):
        raise InvalidCursor("cursor: expected the X-Next-Cursor of an earlier page") from None
    # DynamoDB refuses a start key outside of the queried range.
    if not filters.min_price_minor <= price <= filters.max_price_minor:
        raise InvalidCursor("cursor: belongs to a list of other prices")
    return {
        "productId": {"S": product_id},
        "priceMinor": {"N": str(price)},
        attribute: {"S": value},
    }
