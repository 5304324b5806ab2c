"""Reads a catalogue in a format that is recognised by its columns."""

from dataclasses import dataclass
from types import ModuleType

from chalicelib.imports import own_columns, shopify, woocommerce
from chalicelib.imports.source_products import Problem, SourceProduct
from chalicelib.imports.tables import read_table

_FORMATS: dict[str, ModuleType] = {
    "OWN": own_columns,
    "SHOPIFY": shopify,
    "WOOCOMMERCE": woocommerce,
}


@dataclass(frozen=True)
class Catalogue:
    """What a file says: its products, and the rows that are wrong."""

    format: str
    drafts: list[SourceProduct]
    problems: list[Problem]


def read_catalogue(data: bytes, currency: str) -> Catalogue:
    """Read a file. `currency` is that of prices whose rows name none.

    Raises: FileUnreadable.
    """
    table = read_table(data, lambda columns: _recognise(columns) is not None)
    name = _recognise(table.columns) or "OWN"
    drafts: list[SourceProduct] = list(_FORMATS[name].read(table))
    problems = [Problem(line, "", message) for line, message in table.problems.items()]
    _refuse_repeated(drafts)
    for draft in drafts:
        draft.body.setdefault("currency", currency)
        problems += draft.problems
    good = [draft for draft in drafts if not draft.problems]
    return Catalogue(name, good, sorted(problems, key=lambda one: (one.line, one.column)))


def _recognise(columns: list[str] | tuple[str, ...]) -> str | None:
    return next((name for name, one in _FORMATS.items() if one.is_header(columns)), None)


def _refuse_repeated(drafts: list[SourceProduct]) -> None:
    """Refuse a product whose SKU, or a variant's, stands in an earlier line."""
    seen: dict[str, int] = {}
    for draft in drafts:
        sold = draft.body.get("variants") or [draft.body]
        lines = draft.variant_lines or [draft.line]
        for one, line in zip(sold, lines, strict=True):
            sku = one.get("sku")
            if sku in seen:
                message = f"{sku} is in line {seen[sku]} already; expected each once"
                draft.refuse(line, draft.columns["sku"], message)
            elif sku:
                seen[sku] = line
