"""Counts of what a search found: by category, attribute, price and stock."""

from decimal import Decimal
from itertools import groupby
from typing import Any

from chalicelib.products.attributes import AttributeType, read_value
from chalicelib.products.filters import ProductSelection
from chalicelib.search import filters as filtering
from chalicelib.search.index import Index
from chalicelib.search.schemas import (
    AttributeFacet,
    CategoryCount,
    Facets,
    PriceBand,
    ValueCount,
)
from common import money

_MAX_ATTRIBUTES = 30
_MAX_VALUES = 50
_MAX_CATEGORIES = 100
_MAX_BANDS = 5
_STEPS = (1, 2, 5)


def count(index: Index, filters: ProductSelection) -> Facets:
    """Count what the filters match."""
    selection = filtering.select(index, filters)
    hits = (
        f"WITH RECURSIVE hits AS MATERIALIZED (SELECT p.row, p.price, p.available {selection.sql})"
    )
    return Counter(index, hits, selection.parameters, filters.currency).count()


class Counter:
    """Counts within the products that were found."""

    def __init__(self, index: Index, hits: str, parameters: dict[str, Any], currency: str) -> None:
        self._index, self._hits, self._parameters = index, hits, parameters
        self._currency = currency

    def count(self) -> Facets:
        """Return all counts."""
        ((total, in_stock, least, highest),) = self._query(
            "SELECT count(*), coalesce(sum(available > 0), 0), min(price), max(price) FROM hits"
        )
        return Facets(
            total=total,
            in_stock=in_stock,
            categories=self._categories(),
            attributes=self._attributes(),
            prices=self._prices(least, highest) if total else [],
        )

    def _query(self, sql: str) -> list[Any]:
        return self._index.query(f"{self._hits} {sql}", self._parameters)

    def _categories(self) -> list[CategoryCount]:
        rows = self._index.query(
            f"{self._hits}, above(row, slug) AS ("
            " SELECT m.row, m.category FROM memberships m JOIN hits ON hits.row = m.row UNION"
            " SELECT a.row, c.parent FROM above a JOIN categories c ON c.slug = a.slug"
            " WHERE c.parent IS NOT NULL)"
            " SELECT a.slug, coalesce(c.name, a.slug), c.parent, count(*)"
            " FROM above a LEFT JOIN categories c ON c.slug = a.slug"
            f" GROUP BY a.slug ORDER BY count(*) DESC, a.slug LIMIT {_MAX_CATEGORIES}",
            self._parameters,
        )
        return [
            CategoryCount(slug=slug, name=name, parent=parent, count=number)
            for slug, name, parent, number in rows
        ]

    def _attributes(self) -> list[AttributeFacet]:
        rows = self._index.query(
            f"{self._hits} SELECT a.key, min(a.name), min(a.type), min(a.value), max(a.label),"
            " count(*) FROM attributes a JOIN hits ON hits.row = a.row"
            " GROUP BY a.key, a.folded ORDER BY a.key, count(*) DESC, a.folded",
            self._parameters,
        )
        facets = []
        for key, group in groupby(rows, key=lambda row: row[0]):
            values = list(group)
            kind = AttributeType(values[0][2])
            counts = [
                ValueCount(value=read_value(AttributeType(type_), value), label=label, count=number)
                for _, _, type_, value, label, number in values[:_MAX_VALUES]
            ]
            facets.append(AttributeFacet(key=key, name=values[0][1], type=kind, values=counts))
        return facets[:_MAX_ATTRIBUTES]

    def _prices(self, least: int, highest: int) -> list[PriceBand]:
        step = band_width(least, highest)
        rows = self._index.query(
            f"{self._hits} SELECT price / {step}, count(*) FROM hits GROUP BY 1 ORDER BY 1",
            self._parameters,
        )
        return [
            PriceBand(min=self._decimal(band * step), max=self._decimal(band * step + step),
                      count=number)
            for band, number in rows
        ]  # fmt: skip

    def _decimal(self, minor: int) -> Decimal:
        return money.decimal(minor, self._currency)


def band_width(least: int, highest: int) -> int:
    """Return the round width of at most six bands from the least price to the highest."""
    width = 1
    while True:
        for step in _STEPS:
            if (highest - least) // (width * step) < _MAX_BANDS:
                return width * step
        width *= 10
