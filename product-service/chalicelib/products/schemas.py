"""Request bodies, queries and responses."""

import re
import unicodedata
from decimal import Decimal
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from chalicelib.inventory.schemas import StockCount
from common import money, text
from common.schemas import Schema

_SKU = re.compile(r"[A-Za-z0-9._-]{1,100}")
_MAX_NAME_LENGTH = 200
_MAX_DESCRIPTION_LENGTH = 5000
_MAX_CATEGORY_LENGTH = 50
_MAX_CATEGORY_TEXT_LENGTH = 200  # with what the slug leaves out


class NewProduct(Schema):
    """A product to be created, with its stock."""

    name: str
    price: Decimal
    stock: StockCount
    currency: str = money.DEFAULT
    description: str = ""
    category: str = "general"
    sku: Annotated[
        str | None, Meta(description="The shop's own number of it. No two products share one.")
    ] = None

    def __post_init__(self) -> None:
        if self.sku is not None:
            self.sku = _parse_sku(self.sku)
        self.name = _parse_name(self.name)
        self.description = _parse_description(self.description)
        self.category = _parse_category(self.category)
        self.currency = _parse_currency(self.currency)


class ProductPatch(Schema):
    """Changes of a product. Fields that are left out stay as they are."""

    name: str | UnsetType = UNSET
    price: Decimal | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    category: str | UnsetType = UNSET

    def __post_init__(self) -> None:
        fields = (self.name, self.price, self.description, self.category)
        if all(value is UNSET for value in fields):
            raise ValueError("expected at least one of name, description, category, price")
        if self.name is not UNSET:
            self.name = _parse_name(self.name)
        if self.description is not UNSET:
            self.description = _parse_description(self.description)
        if self.category is not UNSET:
            self.category = _parse_category(self.category)
        if self.currency is not UNSET:
            self.currency = _parse_currency(self.currency)


class ProductFilters(Schema):
    """Which products to list, and which page of them."""

    category: Annotated[str | None, Meta(description="The category's name or slug.")] = None
    sku: Annotated[
        str | None, Meta(description="The one product with this SKU; without other filters.")
    ] = None
    currency: Annotated[str, Meta(description="Prices are compared within one currency.")] = (
        money.DEFAULT
    )
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    limit: Annotated[int, Meta(ge=1, le=100, description="Products per page.")] = 50
    cursor: Annotated[str | None, Meta(description="The `X-Next-Cursor` of the page before.")] = (
        None
    )

    def __post_init__(self) -> None:
        self.currency = _parse_currency(self.currency)
        if self.sku is not None:
            self.sku = _parse_sku(self.sku)
            others = (self.category, self.min_price, self.max_price, self.cursor)
            if any(value is not None for value in others):
                raise ValueError("sku: expected without category, minPrice, maxPrice, cursor")
        if self.category is not None:
            self.category = _parse_category(self.category)
        if self.min_price_minor > self.max_price_minor:
            raise ValueError("minPrice: expected at most maxPrice")

    @property
    def min_price_minor(self) -> int:
        """The lowest price, in minor units."""
        if self.min_price is None:
            return 0
        return _parse_price("minPrice", self.min_price, self.currency)

    @property
    def max_price_minor(self) -> int:
        """The highest price, in minor units."""
        if self.max_price is None:
            return money.MAX_AMOUNT
        return _parse_price("maxPrice", self.max_price, self.currency)


class ProductCreated(Schema):
    """The id of the new product."""

    message: str
    product_id: str


class ProductView(Schema):
    """A product of the catalogue."""

    product_id: str
    name: str
    price: Decimal
    currency: str
    category: str
    description: str
    sku: str | None = None


class ProductWithStock(ProductView, kw_only=True):
    """A product, and the quantity of it that can be bought."""

    available_stock: int


class ProductArchived(Schema):
    """The id of the archived product."""

    message: str
    product_id: str


def _parse_name(name: str) -> str:
    return text.parse_line("name", name, _MAX_NAME_LENGTH)


def _parse_sku(sku: str) -> str:
    if not _SKU.fullmatch(sku):
        raise ValueError("sku: expected 1 to 100 letters, digits, dots, dashes and underscores")
    return sku


def _parse_description(description: str) -> str:
    return text.parse_paragraphs("description", description, _MAX_DESCRIPTION_LENGTH)


def _parse_category(category: str) -> str:
    """The category as a slug: `Health & Beauty` is `health-beauty`."""
    slug = _slug(text.parse_line("category", category, _MAX_CATEGORY_TEXT_LENGTH).lower())
    if not 0 < text.length(slug) <= _MAX_CATEGORY_LENGTH:
        raise ValueError(
            f"category: expected 1 to {_MAX_CATEGORY_LENGTH} letters, digits and hyphens"
        )
    return slug


def _slug(category: str) -> str:
    """Join the words of any script by hyphens. Marks belong to the letter before them."""
    words = [""]
    for char in category:
        kind = unicodedata.category(char)[0]
        if kind in "LN" or (words[-1] and (kind == "M" or char in text.JOINERS)):
            words[-1] += char
        elif words[-1]:
            words.append("")
    return text.normalize("-".join(word for word in words if word))


def _parse_currency(code: str) -> str:
    try:
        return money.validate_currency(code)
    except money.InvalidAmount as exc:
        raise ValueError(str(exc)) from None


def _parse_price(field: str, amount: Decimal, currency: str) -> int:
    """Return the amount in minor units. Raises: ValueError with the field's name."""
    try:
        return money.minor(amount, currency)
    except money.InvalidAmount as exc:
        raise ValueError(f"{field}: {exc}") from None
