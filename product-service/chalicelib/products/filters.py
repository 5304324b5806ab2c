"""Queries of the catalogue: which products, in which order, which page."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar

from msgspec import Meta, field

from chalicelib.products import fields
from chalicelib.products.statuses import ACTIVE, ProductStatus
from common import money, text
from common.schemas import Schema

_MAX_TEXT_LENGTH = 200
_MAX_ATTRIBUTES = 10
_MAX_VALUES = 20
_OR = "|"


class Sort(StrEnum):
    """An order of products."""

    PRICE = "price"
    PRICE_DESCENDING = "-price"
    NAME = "name"
    NEWEST = "newest"
    BEST_SELLING = "best-selling"
    RELEVANCE = "relevance"


class ProductSelection(Schema):
    """Which products are meant."""

    prefixes: ClassVar[dict[str, str]] = {"attr.": "attributes"}

    q: Annotated[
        str | None,
        Meta(
            description="Words that are in a product, the last one perhaps begun. A typing error"
            " is forgiven."
        ),
    ] = None
    category: Annotated[
        str | None, Meta(description="The category's name or slug; with what is under it.")
    ] = None
    currency: Annotated[str, Meta(description="Prices are compared within one currency.")] = (
        money.DEFAULT
    )
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    in_stock: Annotated[
        bool | None, Meta(description="Only what is available, or only what is sold out.")
    ] = None
    attributes: Annotated[
        dict[str, str],
        Meta(description="`attr.colour=red|blue`: one of these values of an attribute."),
    ] = {}

    def __post_init__(self) -> None:
        self.currency = fields.parse_currency(self.currency)
        if self.q is not None:
            self.q = text.parse_line("q", self.q, _MAX_TEXT_LENGTH)
        if self.category is not None:
            self.category = fields.parse_category(self.category)
        if self.min_price_minor > self.max_price_minor:
            raise ValueError("minPrice: expected at most maxPrice")
        if len(self.attributes) > _MAX_ATTRIBUTES:
            raise ValueError(f"attr.: expected at most {_MAX_ATTRIBUTES} attributes")
        self.attribute_values  # noqa: B018 - is checked

    @property
    def text(self) -> str | None:
        """The text that products are searched by."""
        return self.q

    @property
    def status(self) -> str | None:
        """The status that the products have, None for any."""
        return ACTIVE

    @property
    def needs_search(self) -> bool:
        """Whether only the search index can tell which products are meant."""
        return bool(self.q is not None or self.in_stock is not None or self.attributes)

    @property
    def attribute_values(self) -> dict[str, list[str]]:
        """The values of which an attribute must have one, by its key. Raises: ValueError."""
        values = {
            fields.parse_slug("attr.", name): list(dict.fromkeys(value.split(_OR)))
            for name, value in self.attributes.items()
        }
        if any(len(matches) > _MAX_VALUES for matches in values.values()):
            raise ValueError(f"attr.: expected at most {_MAX_VALUES} values")
        return values

    @property
    def min_price_minor(self) -> int:
        """The lowest price, in minor units."""
        if self.min_price is None:
            return 0
        return fields.parse_amount("minPrice", self.min_price, self.currency)

    @property
    def max_price_minor(self) -> int:
        """The highest price, in minor units."""
        if self.max_price is None:
            return money.MAX_AMOUNT
        return fields.parse_amount("maxPrice", self.max_price, self.currency)


class ProductFilters(ProductSelection):
    """Which products to list, and which page of them."""

    sku: Annotated[
        str | None, Meta(description="The one product with this SKU; without other filters.")
    ] = None
    slug: Annotated[
        str | None, Meta(description="The one product with this slug; without other filters.")
    ] = None
    sort: Annotated[
        Sort | None, Meta(description="By default `relevance` with `q`, else `price`.")
    ] = None
    limit: Annotated[int, Meta(ge=1, le=100, description="Products per page.")] = 50
    cursor: Annotated[str | None, Meta(description="The `X-Next-Cursor` of the page before.")] = (
        None
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.sort is Sort.RELEVANCE and self.q is None:
            raise ValueError("sort: expected relevance only with q")
        if self.sku is not None:
            self.sku = fields.parse_sku(self.sku)
        if self.slug is not None:
            self.slug = fields.parse_slug("slug", self.slug)
        self._validate_claims()

    def _validate_claims(self) -> None:
        claimed = [name for name in ("sku", "slug") if getattr(self, name) is not None]
        others = (self.category, self.min_price, self.max_price, self.cursor, self.sort)
        is_alone = all(value is None for value in others) and not super().needs_search
        if claimed and (len(claimed) > 1 or not is_alone):
            raise ValueError(f"{claimed[0]}: expected without category, minPrice, or other filters")

    @property
    def order(self) -> str:
        """The order of the products."""
        return self.sort or (Sort.PRICE if self.q is None else Sort.RELEVANCE)

    @property
    def needs_search(self) -> bool:
        """Whether only the search index can answer."""
        return super().needs_search or self.order != Sort.PRICE


class ManagedFilters(ProductFilters):
    """Which products staff want to see, in any status by default."""

    only: Annotated[ProductStatus | None, Meta(description="Only those of this status.")] = field(
        default=None, name="status"
    )

    @property
    def status(self) -> str | None:
        """The status that the products have, None for any."""
        return self.only
