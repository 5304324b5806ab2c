"""The port of the search: what the catalogue asks of its engine.

The engine is SQLite with FTS5, read from S3. A shop of some 100,000 products would have another
one behind these functions.
"""

import msgspec

from chalicelib.products import service as products
from chalicelib.products import views
from chalicelib.products.filters import ProductFilters, ProductSelection
from chalicelib.products.views import ManagedProduct, ProductView
from chalicelib.search import facets, queries, reader
from chalicelib.search.errors import SearchUnavailable
from chalicelib.search.index import Index
from chalicelib.search.schemas import (
    CategorySuggestion,
    Facets,
    ProductSuggestion,
    Suggestions,
    SuggestQuery,
)
from common.pages import Page


def list_products(filters: ProductFilters) -> Page[ProductView]:
    """Return a page of what is on sale. Eventually consistent.

    While no index can be read, DynamoDB lists by price and the products' own category.

    Raises: InvalidCursor, SearchUnavailable.
    """
    is_claimed = filters.sku is not None or filters.slug is not None
    if is_claimed or (not filters.needs_search and reader.find_index() is None):
        return products.list_products(filters)
    matches = find_page(filters)
    return Page([views.shown(product) for product in matches.items], matches.cursor)


def find_page(query: ProductFilters) -> Page[ManagedProduct]:
    """Return a page of what matches. Raises: SearchUnavailable, InvalidCursor."""
    cards, cursor = queries.find_page(_index(), query)
    return Page([_decode(card) for card in cards], cursor)


def count_facets(filters: ProductSelection) -> Facets:
    """Count what matches, by category, attribute, price and stock.

    Raises: SearchUnavailable.
    """
    return facets.count(_index(), filters)


def suggest(query: SuggestQuery) -> Suggestions:
    """Return names that the text may be the beginning of. Raises: SearchUnavailable."""
    index = _index()
    return Suggestions(
        products=[
            ProductSuggestion(product_id=product_id, name=name)
            for product_id, name in queries.suggest(index, query.q, query.limit)
        ],
        categories=[
            CategorySuggestion(slug=slug, name=name)
            for slug, name in queries.suggest_categories(index, query.q, query.limit)
        ],
    )


def count_in_category(slug: str) -> int:
    """Count the products in a category that are not archived.

    Eventually consistent: a product that was put there just now may be missing.

    Raises: SearchUnavailable.
    """
    return queries.count_in_category(_index(), slug)


def _index() -> Index:
    index = reader.find_index()
    if index is None:
        raise SearchUnavailable("the search is not available now; try again in a moment")
    return index


def _decode(card: str) -> ManagedProduct:
    return msgspec.json.decode(card, type=ManagedProduct)
