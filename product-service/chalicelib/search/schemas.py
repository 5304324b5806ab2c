"""Queries and responses of the search."""

from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from chalicelib.products.attributes import AttributeType
from common import text
from common.schemas import Schema

_MAX_TEXT_LENGTH = 200


class SuggestQuery(Schema):
    """The beginning of what a customer looks for."""

    q: Annotated[str, Meta(description="What was typed so far. Nothing is suggested without.")] = ""
    limit: Annotated[int, Meta(ge=1, le=20, description="Suggestions of each kind.")] = 8

    def __post_init__(self) -> None:
        self.q = text.parse_line("q", self.q, _MAX_TEXT_LENGTH, min_length=0)


class ProductSuggestion(Schema):
    """A product that may be meant."""

    product_id: str
    name: str


class CategorySuggestion(Schema):
    """A category that may be meant."""

    slug: str
    name: str


class Suggestions(Schema, omit_defaults=False):
    """What may be meant by the beginning of a text."""

    products: list[ProductSuggestion]
    categories: list[CategorySuggestion]


class CategoryCount(Schema, omit_defaults=False):
    """How many products are in a category or under it."""

    slug: str
    name: str
    parent: str | None
    count: int


class ValueCount(Schema):
    """How many products have a value of an attribute."""

    value: str | bool | float
    count: int
    label: str | None = None


class AttributeFacet(Schema):
    """The values of an attribute. `key` is what a filter is called: `attr.<key>`."""

    key: str
    name: str
    type: AttributeType
    values: list[ValueCount]


class PriceBand(Schema):
    """How many products cost at least `min` and less than `max`, the last one at most."""

    min: Decimal
    max: Decimal
    count: int


class Facets(Schema, omit_defaults=False):
    """The counts of exactly what the filters match."""

    total: int
    in_stock: int
    categories: list[CategoryCount]
    attributes: list[AttributeFacet]
    prices: list[PriceBand]
