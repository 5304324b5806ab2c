"""Bodies and queries accepted, bodies returned."""

import re
from decimal import Decimal
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from chalicelib.inventory.schemas import Count
from common import http, money

_SEPARATORS = re.compile(r"[\W_]+")
_NAME_LENGTH = 200
_DESCRIPTION_LENGTH = 5000
_CATEGORY_LENGTH = 50


class Draft(http.Body):
    """A product that does not exist yet, and how many of it there are."""

    name: str
    price: Decimal
    stock: Count
    currency: str = money.DEFAULT
    description: str = ""
    category: str = "general"

    def __post_init__(self) -> None:
        self.name, self.description = _name(self.name), _description(self.description)
        self.category, self.currency = _category(self.category), _currency(self.currency)


class Changes(http.Body):
    """What shall be different about a product; what is left out stays."""

    name: str | UnsetType = UNSET
    price: Decimal | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    category: str | UnsetType = UNSET

    def __post_init__(self) -> None:
        if all(
            value is UNSET for value in (self.name, self.price, self.description, self.category)
        ):
            raise ValueError("expected at least one of name, description, category, price")
        self.name = self.name if self.name is UNSET else _name(self.name)
        self.description = (
            self.description if self.description is UNSET else _description(self.description)
        )
        self.category = self.category if self.category is UNSET else _category(self.category)
        self.currency = self.currency if self.currency is UNSET else _currency(self.currency)


class Filters(http.Body):
    """Which products to list."""

    category: str | None = None
    currency: str = money.DEFAULT
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 50
    cursor: str | None = None

    def __post_init__(self) -> None:
        self.currency = _currency(self.currency)
        self.category = self.category if self.category is None else _category(self.category)
        if self.lowest > self.highest:
            raise ValueError("minPrice: expected at most maxPrice")

    @property
    def lowest(self) -> int:
        """The least price, in minor units."""
        return 0 if self.min_price is None else _minor("minPrice", self.min_price, self.currency)

    @property
    def highest(self) -> int:
        """The greatest price, in minor units."""
        return (
            money.MAX_AMOUNT
            if self.max_price is None
            else _minor("maxPrice", self.max_price, self.currency)
        )


class Created(http.Body):
    """The answer to a new product."""

    message: str
    product_id: str


class Shown(http.Body):
    """A product as the catalogue shows it."""

    product_id: str
    name: str
    price: Decimal
    currency: str
    category: str
    description: str


class ShownWithStock(Shown):
    """A product by itself, and how many of it can be bought."""

    available_stock: int


class Archived(http.Body):
    """The answer to an archived product."""

    message: str
    product_id: str


def _name(text: str) -> str:
    text = text.strip()
    if not 0 < len(text) <= _NAME_LENGTH or not text.isprintable():
        raise ValueError(f"name: expected 1 to {_NAME_LENGTH} printable characters")
    return text


def _description(text: str) -> str:
    text = text.strip()
    if len(text) > _DESCRIPTION_LENGTH or not all(
        line.isprintable() for line in re.split(r"[\r\n\t]", text)
    ):
        raise ValueError(
            f"description: expected at most {_DESCRIPTION_LENGTH} characters of plain text"
        )
    return text


def _category(text: str) -> str:
    """The category as a slug: `Health & Beauty` is `health-beauty`."""
    slug = _SEPARATORS.sub("-", text.lower()).strip("-")
    if not 0 < len(slug) <= _CATEGORY_LENGTH:
        raise ValueError(f"category: expected 1 to {_CATEGORY_LENGTH} letters, digits and hyphens")
    return slug


def _currency(code: str) -> str:
    try:
        return money.validate_currency(code)
    except money.InvalidAmount as problem:
        raise ValueError(str(problem)) from None


def _minor(field: str, amount: Decimal, currency: str) -> int:
    """The amount in minor units; a ValueError that names the field if it is none."""
    try:
        return money.minor(amount, currency)
    except money.InvalidAmount as problem:
        raise ValueError(f"{field}: {problem}") from None
