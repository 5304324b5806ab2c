"""Request bodies and queries."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from chalicelib.inventory.schemas import StockedProduct
from chalicelib.products import attributes, fields
from chalicelib.products.attributes import Attributes
from common import money
from common.schemas import Schema

MAX_NEW_VARIANTS = 24  # a parent and its variants are created in one transaction of 100 items
MAX_VARIANTS = 90  # a change of a parent is one transaction with all its variants
_MAX_RELATED = 20
_MAX_CATEGORIES = 10

Grams = Annotated[int, Meta(ge=0, le=1_000_000)]
Moment = Annotated[datetime, Meta(tz=True)]
RelatedIds = Annotated[list[str], Meta(max_length=_MAX_RELATED)]
Categories = Annotated[list[str], Meta(max_length=_MAX_CATEGORIES)]


class SaleStatus(StrEnum):
    """A status that a product can be given. Archiving it is a request of its own."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"


class NewVariant(StockedProduct):
    """A variant of a parent: the thing that is sold."""

    options: Annotated[dict[str, str], Meta(description="A value for each option of the parent.")]
    price: Decimal
    sku: str | None = None
    weight_grams: Grams | None = None
    compare_at_price: Decimal | None = None

    def __post_init__(self) -> None:
        self.validate_stock()
        if self.sku is not None:
            self.sku = fields.parse_sku(self.sku)
        self.options = {
            fields.parse_option("options", name): fields.parse_option("options", value)
            for name, value in self.options.items()
        }


class NewProduct(StockedProduct):
    """A product to be created, with its stock, or a parent with its variants."""

    name: str
    price: Annotated[
        Decimal | UnsetType, Meta(description="Required without `variants`, which have their own.")
    ] = UNSET
    currency: str = money.DEFAULT
    description: str = ""
    category: str = "general"
    categories: Annotated[Categories, Meta(description="Further categories, by name or slug.")] = []
    sku: Annotated[
        str | None, Meta(description="The shop's own number of it. No two products share one.")
    ] = None
    slug: Annotated[
        str | None, Meta(description="For addresses of pages. No two products share one.")
    ] = None
    status: SaleStatus = SaleStatus.ACTIVE
    attributes: Attributes = []
    tax_class: str | None = None
    weight_grams: Grams | None = None
    compare_at_price: Annotated[
        Decimal | None, Meta(description="The price to compare with, shown while it is higher.")
    ] = None
    compare_at_from: Moment | None = None
    compare_at_until: Moment | None = None
    related_ids: RelatedIds = []
    options: Annotated[
        list[str], Meta(max_length=3, description="What variants differ in, such as Size.")
    ] = []
    variants: Annotated[list[NewVariant], Meta(max_length=MAX_NEW_VARIANTS)] = []

    def __post_init__(self) -> None:
        if self.sku is not None:
            self.sku = fields.parse_sku(self.sku)
        self.name = fields.parse_name(self.name)
        self.description = fields.parse_description(self.description)
        self.category = fields.parse_category(self.category)
        self.currency = fields.parse_currency(self.currency)
        self.categories = _parse_categories(self.categories)
        self.related_ids = fields.parse_product_ids("relatedIds", self.related_ids)
        self.slug = _map(fields.parse_slug, "slug", self.slug)
        self.tax_class = _map(fields.parse_slug, "taxClass", self.tax_class)
        self.options = [fields.parse_option("options", name) for name in self.options]
        attributes.validate_names(self.attributes)
        _validate_dates(self.compare_at_from, self.compare_at_until)
        _validate_sold_parts(self)
        _validate_variants(self)


class ProductPatch(Schema):
    """Changes of a product. Fields that are left out stay, null removes one."""

    name: str | UnsetType = UNSET
    price: Decimal | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    category: str | UnsetType = UNSET
    categories: Categories | UnsetType = UNSET
    slug: str | UnsetType | None = UNSET
    status: SaleStatus | UnsetType = UNSET
    attributes: Attributes | UnsetType = UNSET
    tax_class: str | UnsetType | None = UNSET
    weight_grams: Grams | UnsetType | None = UNSET
    compare_at_price: Decimal | UnsetType | None = UNSET
    compare_at_from: Moment | UnsetType | None = UNSET
    compare_at_until: Moment | UnsetType | None = UNSET
    related_ids: RelatedIds | UnsetType = UNSET

    def __post_init__(self) -> None:
        if not self.changed - {"currency"}:
            raise ValueError(
                "expected at least one of name, description, category, price, and the other fields"
                " of a product"
            )
        if self.name is not UNSET:
            self.name = fields.parse_name(self.name)
        if self.description is not UNSET:
            self.description = fields.parse_description(self.description)
        if self.category is not UNSET:
            self.category = fields.parse_category(self.category)
        if self.currency is not UNSET:
            self.currency = fields.parse_currency(self.currency)
        self._parse_details()

    def _parse_details(self) -> None:
        if self.categories is not UNSET:
            self.categories = _parse_categories(self.categories)
        if self.related_ids is not UNSET:
            self.related_ids = fields.parse_product_ids("relatedIds", self.related_ids)
        if self.attributes is not UNSET:
            attributes.validate_names(self.attributes)
        if self.slug is not UNSET:
            self.slug = _map(fields.parse_slug, "slug", self.slug)
        if self.tax_class is not UNSET:
            self.tax_class = _map(fields.parse_slug, "taxClass", self.tax_class)
        if self.compare_at_from is not UNSET and self.compare_at_until is not UNSET:
            _validate_dates(self.compare_at_from, self.compare_at_until)

    @property
    def changed(self) -> frozenset[str]:
        """The names of the fields that the request has."""
        names = self.__struct_fields__
        return frozenset(name for name in names if getattr(self, name) is not UNSET)


def _map(parse: Callable[[str, str], str], field: str, value: str | None) -> str | None:
    return None if value is None else parse(field, value)


def _parse_categories(names: list[str]) -> list[str]:
    return list(dict.fromkeys(fields.parse_slug("categories", name) for name in names))


def _validate_dates(start: datetime | None, end: datetime | None) -> None:
    if start and end and start >= end:
        raise ValueError("compareAtUntil: expected a time after compareAtFrom")


def _validate_sold_parts(request: NewProduct) -> None:
    """Raise ValueError unless what is sold, and nothing else, has a price and a stock."""
    if not request.variants:
        if request.price is UNSET:
            raise ValueError("price: this field is required")
        request.validate_stock()
        return
    given = {
        "price": request.price is not UNSET,
        "stock": request.stock is not UNSET,
        "counted": not request.counted,
        "lowStockThreshold": request.low_stock_threshold is not None,
    }
    for name in (name for name, is_given in given.items() if is_given):
        raise ValueError(f"{name}: expected in each of the variants, not besides them")


def _validate_variants(request: NewProduct) -> None:
    if bool(request.options) != bool(request.variants):
        raise ValueError("options: expected together with variants")
    if len(set(request.options)) < len(request.options):
        raise ValueError("options: expected each name once")
    seen: set[tuple[str, ...]] = set()
    for variant in request.variants:
        values = option_values(request.options, variant)
        if values in seen:
            raise ValueError(f"variants: {', '.join(values)} is there twice")
        seen.add(values)


def option_values(names: list[str], variant: NewVariant) -> tuple[str, ...]:
    """Return the variant's values in the order of the options.

    Raises: ValueError.
    """
    if variant.options.keys() != set(names):
        raise ValueError(f"options: expected a value for each of {', '.join(names)}")
    return tuple(variant.options[name] for name in names)
