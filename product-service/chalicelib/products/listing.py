"""Pages of the catalogue, each one query on an index."""

from typing import Any

from chalicelib.products.models import Product, listing_of
from chalicelib.products.schemas import Filters
from common import http, ids


def page(filters: Filters) -> tuple[list[Product], str | None]:
    """The products that the filters let through, cheapest first, and the cursor of the next page.

    Raises InvalidCursor for a cursor from outside of these prices.
    """
    index, attribute, value = _place(filters)
    found = index.query(
        value,
        range_key_condition=Product.price_minor.between(filters.lowest, filters.highest),
        limit=filters.limit + 1,  # one more tells whether there is another page
        last_evaluated_key=_start(filters, attribute, value),
    )
    products = list(found)
    shown = products[: filters.limit]
    return shown, http.encode_cursor(_mark(shown[-1]) if len(products) > len(shown) else None)


def _place(filters: Filters) -> tuple[Any, str, str]:
    """The index, the attribute that is its key, and the value to look for."""
    if filters.category is None:
        return Product.by_price, "listing", filters.currency
    return Product.by_category, "categoryListing", listing_of(filters.currency, filters.category)


def _mark(product: Product) -> dict[str, Any]:
    """Of a product's key in the index only what the filters do not say already."""
    return {
        "productId": {"S": product.product_id},
        "priceMinor": {"N": str(int(product.price_minor))},
    }


def _start(filters: Filters, attribute: str, value: str) -> dict[str, Any] | None:
    mark = http.decode_cursor(filters.cursor)
    if mark is None:
        return None
    try:
        price, product_id = int(mark["priceMinor"]["N"]), ids.parse("PROD", mark["productId"]["S"])
    except (KeyError, ValueError, ids.InvalidId):
        raise http.InvalidCursor("cursor: expected the X-Next-Cursor of an earlier page") from None
    if (
        not filters.lowest <= price <= filters.highest
    ):  # DynamoDB refuses to start outside of the range
        raise http.InvalidCursor("cursor: belongs to a list of other prices")
    return {
        "productId": {"S": product_id},
        "priceMinor": {"N": str(price)},
        attribute: {"S": value},
    }
