"""Request bodies, queries and responses."""

import re
from decimal import Decimal
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from chalicelib.inventory.schemas import StockCount
from common import money
from common.schemas import Schema

_SEPARATORS = re.compile(r"[\W_]+")
_MAX_NAME_LENGTH = 200
_MAX_DESCRIPTION_LENGTH = 5000
_MAX_CATEGORY_LENGTH = 50


class NewProduct(Schema):
    """A product to be created, with its stock."""

    name: str
    price: Decimal
    stock: StockCount
    currency: str = money.DEFAULT
    description: str = ""
    category: str = "general"

    def __post_init__(self) -> None:
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


class ProductWithStock(ProductView):
    """A product, and the quantity of it that can be bought."""

    available_stock: int


class ProductArchived(Schema):
    """The id of the archived product."""

    message: str
    product_id: str


def _parse_name(text: str) -> str:
    text = text.strip()
    if not 0 < len(text) <= _MAX_NAME_LENGTH or not text.isprintable():
        raise ValueError(f"name: expected 1 to {_MAX_NAME_LENGTH} printable characters")
    return text


def _parse_description(text: str) -> str:
    text = text.strip()
    lines = re.split(r"[\r\n\t]", text)
    if len(text) > _MAX_DESCRIPTION_LENGTH or not all(line.isprintable() for line in lines):
        raise ValueError(
            f"description: expected at most {_MAX_DESCRIPTION_LENGTH} characters of plain text"
        )
    return text


def _parse_category(text: str) -> str:
    """The category as a slug: `Health & Beauty` is `health-beauty`."""
    slug = _SEPARATORS.sub("-", text.lower()).strip("-")
    if not 0 < len(slug) <= _MAX_CATEGORY_LENGTH:
        raise ValueError(
            f"category: expected 1 to {_MAX_CATEGORY_LENGTH} letters, digits and hyphens"
        )
    return slug


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
