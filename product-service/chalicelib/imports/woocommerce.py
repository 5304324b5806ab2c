"""The export format of WooCommerce: a row for each product and for each variation.

https://github.com/woocommerce/woocommerce/wiki/Product-CSV-Import-Schema
"""

from collections.abc import Iterable, Iterator
from functools import partial

from chalicelib.imports import cells
from chalicelib.imports.source_products import Body, SourceProduct, split_list
from chalicelib.imports.tables import SourceRow, Table

_NEEDED = {"Type", "SKU", "Name", "Regular price"}
_MAX_ATTRIBUTES = 20
_KINDS = {"simple", "variable", "variation"}


def is_header(columns: Iterable[str]) -> bool:
    """Whether these are columns of this format."""
    return set(columns) >= _NEEDED


def read(table: Table) -> Iterator[SourceProduct]:
    """Make a product of each row, with the variations that name it as their parent."""
    prices = (
        row.cells.get(column, "")
        for row in table.rows
        for column in ("Regular price", "Sale price")
    )
    mark = cells.decimal_mark(prices)
    variations: dict[str, list[SourceRow]] = {}
    for row in table.rows:
        if _kinds(row) & {"variation"}:
            variations.setdefault(row.cells.get("Parent", ""), []).append(row)
    for row in table.rows:
        if not _kinds(row) & {"variation"}:
            names = [f"id:{row.cells.get('ID', '')}", row.cells.get("SKU", "\0")]
            own = [one for name in names for one in variations.pop(name, [])]
            yield _read_product(row, sorted(own, key=lambda one: one.line), mark)
    for parent, orphans in variations.items():
        for row in orphans:
            draft = SourceProduct(row.line)
            draft.refuse(row.line, "Parent", f"{parent!r}; expected a product of this file")
            yield draft


def _kinds(row: SourceRow) -> set[str]:
    return set(split_list(row.cells.get("Type", "simple").casefold()))


def _read_product(row: SourceRow, variations: list[SourceRow], mark: str) -> SourceProduct:
    draft = SourceProduct(row.line)
    if not _kinds(row) & _KINDS:
        draft.refuse(row.line, "Type", f"{row.cells['Type']!r}; expected simple or variable")
    draft.require(row, "Name")
    draft.take(row, "name", "Name")
    column = "Description" if "Description" in row.cells else "Short description"
    draft.take(row, "description", column, cells.plain_text)
    draft.take(row, "status", "Published", _read_published)
    _take_categories(draft, row)
    _take_sku(draft, row, draft.body)
    if not variations:
        draft.require(row, "Regular price")
        _take_sold(draft, row, mark, draft.body)
        _take_attributes(draft, row, set())
        return draft
    names = _option_names(variations)
    _take_attributes(draft, row, set(names))
    draft.body |= {"options": names, "variants": []}
    for one in variations:
        variant: Body = {"options": {name: _attributes(one).get(name, "") for name in names}}
        draft.require(one, "Regular price")
        _take_sku(draft, one, variant)
        _take_sold(draft, one, mark, variant)
        draft.body["variants"].append(variant)
        draft.variant_lines.append(one.line)
    return draft


def _option_names(variations: list[SourceRow]) -> list[str]:
    return list(dict.fromkeys(name for row in variations for name in _attributes(row)))


def _attributes(row: SourceRow) -> dict[str, str]:
    """The row's attributes by name."""
    pairs = (
        (row.cells.get(f"Attribute {number} name"), row.cells.get(f"Attribute {number} value(s)"))
        for number in range(1, _MAX_ATTRIBUTES)
    )
    return {name: value for name, value in pairs if name and value}


def _take_attributes(draft: SourceProduct, row: SourceRow, options: set[str]) -> None:
    for name, value in _attributes(row).items():
        if name not in options:
            draft.attach(name, value)


def _take_categories(draft: SourceProduct, row: SourceRow) -> None:
    """Of `Clothing > Shirts, Sale`: Shirts, and Sale besides."""
    paths = split_list(row.cells.get("Categories", "").replace("\\,", "\0"))
    leaves = [split_list(path.replace("\0", ","), ">")[-1] for path in paths if path != ">"]
    if leaves:
        draft.columns |= {"category": "Categories", "categories": "Categories"}
        draft.body["category"] = leaves[0]
        draft.body["categories"] = leaves[1:]


def _take_sku(draft: SourceProduct, row: SourceRow, into: Body) -> None:
    draft.take(row, "sku", "SKU", into=into)


def _take_sold(draft: SourceProduct, row: SourceRow, mark: str, into: Body) -> None:
    """Take price and stock. A sale price is compared with the regular one."""
    amount = partial(cells.parse_amount, mark=mark)
    draft.take(row, "price", "Regular price", amount, into)
    if "Sale price" in row.cells:
        draft.take(row, "compareAtPrice", "Regular price", amount, into)
        draft.take(row, "price", "Sale price", amount, into)
    draft.take(row, "weightGrams", "Weight (kg)", lambda cell: _grams(cell, 1000), into)
    draft.take(row, "weightGrams", "Weight (g)", lambda cell: _grams(cell, 1), into)
    draft.take(row, "lowStockThreshold", "Low stock amount", cells.parse_count, into)
    draft.take(row, "stock", "Stock", lambda cell: max(0, cells.parse_count(cell)), into)
    if "stock" not in into and "Stock" not in row.cells:
        _take_uncounted(draft, row, into)


def _take_uncounted(draft: SourceProduct, row: SourceRow, into: Body) -> None:
    """Without a number of its own, `In stock?` says whether there is any."""
    draft.take(row, "counted", "In stock?", lambda cell: not cells.parse_yes_no(cell), into)
    if into.setdefault("counted", False):
        into["stock"] = 0


def _grams(cell: str, factor: int) -> int:
    return round(float(cell.replace(",", ".")) * factor)


def _read_published(cell: str) -> str:
    """1 is published, 0 is private, -1 is a draft."""
    return "ACTIVE" if cells.parse_yes_no(cell) else "DRAFT"
