"""The export format of Shopify: a row for each variant and picture.

https://help.shopify.com/en/manual/products/import-export/using-csv
"""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import count

from chalicelib.imports import cells
from chalicelib.imports.source_products import Body, SourceProduct, split_list
from chalicelib.imports.tables import SourceRow, Table

_NEEDED = {"Handle", "Title", "Variant Price"}
_NO_OPTION = {"Title": "Default Title"}
_STATUSES = {"active": "ACTIVE", "draft": "DRAFT", "archived": "DRAFT"}


def is_header(columns: Iterable[str]) -> bool:
    """Whether these are columns of this format."""
    return set(columns) >= _NEEDED


def read(table: Table) -> Iterator[SourceProduct]:
    """Make a product of the rows of each handle."""
    mark = cells.decimal_mark(row.cells.get("Variant Price", "") for row in table.rows)
    return (_read_product(rows, mark) for rows in table.group_rows("Handle"))


def _read_product(rows: list[SourceRow], mark: str) -> SourceProduct:
    first = rows[0]
    draft = SourceProduct(first.line)
    draft.require(first, "Handle", "Title")
    draft.take(first, "slug", "Handle")
    draft.take(first, "name", "Title")
    draft.take(first, "description", "Body (HTML)", cells.plain_text)
    draft.take(first, "category", "Type")
    draft.take(first, "status", "Status", _read_status)
    if "Status" not in first.cells:
        draft.take(first, "status", "Published", _read_published)
    draft.take(first, "categories", "Product Category", lambda cell: split_list(cell, ">")[-1:])
    draft.attach("Vendor", first.cells.get("Vendor", ""))
    sold = [row for row in rows if "Variant Price" in row.cells]
    if not sold:
        draft.require(first, "Variant Price")
    names = _option_names(first)
    if not names:
        for row in sold[1:]:
            draft.refuse(row.line, "Option1 Value", "a second variant without options")
        _take_sold(draft, sold[0] if sold else first, mark, draft.body)
        return draft
    draft.body |= {"options": names, "variants": []}
    for row in sold:
        variant: Body = {"options": _option_values(draft, row, names)}
        _take_sold(draft, row, mark, variant)
        draft.body["variants"].append(variant)
        draft.variant_lines.append(row.line)
    return draft


def _option_names(first: SourceRow) -> list[str]:
    numbered = (f"Option{number} Name" for number in range(1, 4))
    names = [first.cells[column] for column in numbered if column in first.cells]
    is_single = len(names) == 1 and first.cells.get("Option1 Value") == _NO_OPTION.get(names[0])
    return [] if is_single else names


def _option_values(draft: SourceProduct, row: SourceRow, names: list[str]) -> dict[str, str]:
    columns = [f"Option{number} Value" for number, _ in zip(count(1), names, strict=False)]
    draft.require(row, *columns)
    return {name: row.cells.get(column, "") for name, column in zip(names, columns, strict=True)}


def _take_sold(draft: SourceProduct, row: SourceRow, mark: str, into: Body) -> None:
    """Take what a variant has of its own."""
    amount = partial(cells.parse_amount, mark=mark)
    draft.take(row, "sku", "Variant SKU", into=into)
    draft.take(row, "price", "Variant Price", amount, into)
    draft.take(row, "compareAtPrice", "Variant Compare At Price", amount, into)
    draft.take(row, "weightGrams", "Variant Grams", cells.parse_count, into)
    is_tracked = "Variant Inventory Tracker" in row.cells
    if (
        "Variant Inventory Tracker" in draft.columns
        or is_tracked
        or "Variant Inventory Qty" in row.cells
    ):
        draft.take(row, "stock", "Variant Inventory Qty", _read_stock, into)
        into.setdefault("stock", 0)
    else:
        into["counted"] = False
    if row.cells.get("Variant Inventory Policy", "deny") == "continue":
        into.pop("stock", None)
        into["counted"] = False


def _read_stock(cell: str) -> int:
    """Shopify's stock falls below zero where it sells on."""
    return max(0, cells.parse_count(cell))


def _read_status(cell: str) -> str:
    if cell.casefold() not in _STATUSES:
        raise ValueError(f"{cell!r}; expected active, draft or archived")
    return _STATUSES[cell.casefold()]


def _read_published(cell: str) -> str:
    return "ACTIVE" if cells.parse_yes_no(cell) else "DRAFT"
