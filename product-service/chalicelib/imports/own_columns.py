"""The shop's own columns: a row for each product or variant."""

from collections.abc import Iterable, Iterator
from functools import partial

from chalicelib.imports import cells
from chalicelib.imports.source_products import Body, SourceProduct, split_list
from chalicelib.imports.tables import SourceRow, Table

_NEEDED = {"sku", "name", "price"}
_TEXTS = ("name", "category", "currency", "slug", "status", "taxClass")
_OPTION = "option."
_ATTRIBUTE = "attr."


def is_header(columns: Iterable[str]) -> bool:
    """Whether these are columns of this format."""
    return set(columns) >= _NEEDED


def read(table: Table) -> Iterator[SourceProduct]:
    """Make a product of each row, and a parent of rows with the same `parent`."""
    mark = cells.decimal_mark(row.cells.get("price", "") for row in table.rows)
    return (_read_product(rows, mark) for rows in table.group_rows("parent"))


def _read_product(rows: list[SourceRow], mark: str) -> SourceProduct:
    first = rows[0]
    draft = SourceProduct(first.line)
    draft.require(first, "name")
    for name in _TEXTS:
        draft.take(first, name, name, str.upper if name in ("currency", "status") else str)
    draft.take(first, "description", "description", cells.plain_text)
    draft.take(first, "categories", "categories", split_list)
    for column, cell in first.cells.items():
        if column.startswith(_ATTRIBUTE):
            draft.attach(column.removeprefix(_ATTRIBUTE), cell)
    if "parent" not in first.cells:
        _take_sold(draft, first, mark, draft.body)
        return draft
    draft.take(first, "slug", "parent")
    columns = [name for name in first.cells if name.startswith(_OPTION)]
    draft.body |= {"options": [name.removeprefix(_OPTION) for name in columns], "variants": []}
    for row in rows:
        draft.require(row, *columns)
        options = {name.removeprefix(_OPTION): row.cells.get(name, "") for name in columns}
        variant: Body = {"options": options}
        _take_sold(draft, row, mark, variant)
        draft.body["variants"].append(variant)
        draft.variant_lines.append(row.line)
    return draft


def _take_sold(draft: SourceProduct, row: SourceRow, mark: str, into: Body) -> None:
    """Take what a variant has of its own."""
    amount = partial(cells.parse_amount, mark=mark)
    draft.require(row, "sku", "price")
    draft.take(row, "sku", "sku", into=into)
    draft.take(row, "price", "price", amount, into)
    draft.take(row, "compareAtPrice", "compareAtPrice", amount, into)
    draft.take(row, "weightGrams", "weightGrams", cells.parse_count, into)
    draft.take(row, "lowStockThreshold", "lowStockThreshold", cells.parse_count, into)
    draft.take(row, "counted", "counted", cells.parse_yes_no, into)
    draft.take(row, "stock", "stock", cells.parse_count, into)
    if into.get("counted", True) and "stock" not in row.cells:
        into["stock"] = 0
