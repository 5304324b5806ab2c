"""Pages, facets and suggestions, read from the index."""

from dataclasses import dataclass
from typing import Any

from chalicelib.products.filters import ProductFilters
from chalicelib.search import filters as filtering
from chalicelib.search import words
from chalicelib.search.index import Index
from common.pages import InvalidCursor, decode_cursor, encode_cursor

_RANK = "round(bm25(words, 10.0, 5.0, 1.0), 6)"  # name, keywords, description


@dataclass(frozen=True)
class Order:
    """An order of the results. Products of the same value are ordered by their id."""

    attribute: str  # of the cursor
    expression: str
    is_number: bool
    is_descending: bool = False


ORDERS = {
    "price": Order("priceMinor", "p.price", is_number=True),
    "-price": Order("highestPriceMinor", "p.price", is_number=True, is_descending=True),
    "name": Order("name", "p.sortName", is_number=False),
    "newest": Order("createdAt", "p.createdAt", is_number=False, is_descending=True),
    "best-selling": Order("sold", "p.sold", is_number=True, is_descending=True),
    "relevance": Order("rank", _RANK, is_number=True),
}


def find_page(index: Index, query: ProductFilters) -> tuple[list[str], str | None]:
    """Return the cards of a page, and the cursor of the next one. Raises: InvalidCursor."""
    selection = filtering.select(index, query)
    order = ORDERS[query.order if selection.has_text or query.order != "relevance" else "price"]
    _start_after(selection, order, query.cursor)
    direction = "DESC" if order.is_descending else "ASC"
    rows = index.query(
        f"SELECT p.id, p.card, {order.expression} AS value {selection.sql}"
        f" ORDER BY value {direction}, p.id LIMIT :limit",
        {**selection.parameters, "limit": query.limit + 1},
    )
    page = rows[: query.limit]
    cursor = _cursor(order, page[-1]) if len(rows) > len(page) else None
    return [card for _, card, _ in page], cursor


def suggest(index: Index, text: str, limit: int) -> list[tuple[str, str]]:
    """Return names of products on sale that a text is the beginning of, with their ids."""
    expression = filtering.match_expression(index, text)
    if expression is None:
        return []
    found = index.query(
        f"SELECT p.id, json_extract(p.card, '$.name') FROM words"
        " JOIN products p ON p.row = words.rowid"
        f" WHERE words MATCH :match AND p.status = 'ACTIVE' ORDER BY {_RANK}, p.sold DESC, p.id"
        " LIMIT :limit",
        {"match": f"name : ({expression})", "limit": limit},
    )
    return [(product_id, name) for product_id, name in found]


def suggest_categories(index: Index, text: str, limit: int) -> list[tuple[str, str]]:
    """Return the slugs and names of categories, a word of which begins with the text."""
    wanted = words.fold(text).strip()
    rows = index.query("SELECT slug, name FROM categories ORDER BY name, slug")
    return [
        (slug, name)
        for slug, name in rows
        if any(word.startswith(wanted) for word in (words.fold(name), *words.split(name)))
    ][:limit]


def count_in_category(index: Index, slug: str) -> int:
    """Count the products in a category that are not archived."""
    sql = (
        "SELECT count(*) FROM memberships m JOIN products p ON p.row = m.row"
        " WHERE m.category = ? AND p.status <> 'ARCHIVED'"
    )
    return int(index.query(sql, [slug])[0][0])


def _start_after(selection: filtering.Selection, order: Order, cursor: str | None) -> None:
    key = decode_cursor(cursor)
    if key is None:
        return
    try:
        product_id = key["productId"]["S"]
        text = key[order.attribute]["N" if order.is_number else "S"]
        value: Any = float(text) if order.is_number else text
    except (KeyError, ValueError):
        raise InvalidCursor("cursor: expected the X-Next-Cursor of an earlier page") from None
    sign = "<" if order.is_descending else ">"
    selection.add(
        f"({order.expression} {sign} :after OR ({order.expression} = :after AND p.id > :afterId))",
        after=value,
        afterId=product_id,
    )


def _cursor(order: Order, row: Any) -> str | None:
    product_id, _, value = row
    kind = "N" if order.is_number else "S"
    return encode_cursor({"productId": {"S": product_id}, order.attribute: {kind: str(value)}})
