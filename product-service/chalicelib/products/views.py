"""Responses about products, and how they are made of rows."""

from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Annotated, Any

from msgspec import Meta
from msgspec.structs import asdict

from chalicelib.inventory.schemas import MAX_STOCK
from chalicelib.products import product_ids
from chalicelib.products.attributes import Attribute, AttributeType, read_value
from chalicelib.products.statuses import ProductStatus
from common import clock, lazy_imports, money
from common.schemas import Schema

with lazy_imports.until_first_use():
    from chalicelib.inventory import models as inventory
    from chalicelib.products import models


Counted = Annotated[
    bool, Meta(description="false: it never runs out, and `availableStock` is 1000000.")
]


class ProductCreated(Schema):
    """The id of the new product, or of the parent and its variants."""

    message: str
    product_id: str
    variant_ids: list[str] | None = None


class ProductView(Schema):
    """A product of the catalogue, or a parent at the least price of its variants."""

    product_id: str
    name: str
    price: Decimal
    currency: str
    category: str
    description: str
    sku: str | None = None
    slug: str | None = None
    categories: list[str] | None = None
    attributes: list[Attribute] | None = None
    tax_class: str | None = None
    weight_grams: int | None = None
    compare_at_price: Decimal | None = None
    compare_at_until: str | None = None
    parent_id: str | None = None
    options: dict[str, str] | None = None
    option_names: list[str] | None = None


class VariantView(Schema):
    """A variant of a parent."""

    product_id: str
    options: dict[str, str]
    price: Decimal
    available_stock: int
    counted: Counted = True
    sku: str | None = None
    weight_grams: int | None = None
    compare_at_price: Decimal | None = None


class ProductWithStock(ProductView, kw_only=True):
    """A product, and the quantity of it that can be bought."""

    available_stock: int
    counted: Counted = True
    variants: list[VariantView] | None = None
    related: list[ProductView] | None = None


class ManagedProduct(ProductWithStock, kw_only=True):
    """A product as staff see it, in any status."""

    status: ProductStatus
    related_ids: list[str] | None = None
    compare_at_from: str | None = None
    created_at: str
    updated_at: str


class ProductArchived(Schema):
    """The id of the archived product."""

    message: str
    product_id: str


def product_view(product: "models.Product") -> ProductView:
    """Return what customers see of a row."""
    shown = _is_compared(product)
    return ProductView(
        product_id=product.product_id,
        name=product.name,
        price=money.decimal(product.price_minor, product.currency),
        currency=product.currency,
        category=product.category,
        description=product.description,
        sku=product.sku,
        slug=product.slug,
        categories=list(product.categories or ()) or None,
        attributes=[_attribute(row) for row in product.attributes or ()] or None,
        tax_class=product.tax_class,
        weight_grams=product.weight_grams,
        compare_at_price=_compare_at_price(product),
        compare_at_until=product.compare_at_until if shown else None,
        parent_id=product.parent_id,
        options=options_of(product),
        option_names=list(product.option_names or ()) or None,
    )


def product_with_stock(
    product: "models.Product", stocks: Collection["inventory.Stock"], **more: Any
) -> ProductWithStock:
    """Return what customers see of a row, with its stock or that of its variants."""
    return ProductWithStock(
        **asdict(product_view(product)),
        available_stock=sum_offered(stocks),
        counted=all(stock.is_counted for stock in stocks),
        **more,
    )


def sum_offered(stocks: Collection["inventory.Stock"]) -> int:
    """Return how many can be bought of all these."""
    return min(MAX_STOCK, sum(stock.offered for stock in stocks))


def managed_product(product: "models.Product", shown: ProductWithStock) -> ManagedProduct:
    """Return what staff see: also what customers see only later, or not any more."""
    fields = asdict(shown)
    if product.compare_at_minor is not None:
        fields["compare_at_price"] = money.decimal(product.compare_at_minor, product.currency)
    fields["compare_at_until"] = product.compare_at_until
    return ManagedProduct(
        **fields,
        status=ProductStatus(product.status),
        related_ids=list(product.related_ids or ()) or None,
        compare_at_from=product.compare_at_from,
        created_at=product.created_at,
        updated_at=product.updated_at,
    )


def shown(product: ManagedProduct) -> ProductView:
    """Return what customers see now of what staff see."""
    is_compared = (
        product.compare_at_price is not None
        and product.compare_at_price > product.price
        and is_within(product.compare_at_from, product.compare_at_until)
    )
    fields = {name: getattr(product, name) for name in ProductView.__struct_fields__}
    if not is_compared:
        fields |= {"compare_at_price": None, "compare_at_until": None}
    return ProductView(**fields)


def is_within(start: str | None, end: str | None) -> bool:
    """Whether it is time: from the start, if there is one, until the end."""
    now = clock.now()
    return (start or "") <= now and (end is None or now < end)


def variant_views(
    parent: "models.Product",
    variants: dict[str, "models.Product"],
    stocks: dict[str, "inventory.Stock"],
) -> list[VariantView]:
    """Return the variants that are not archived, in the parent's order."""
    rows = [variants[one.product_id] for one in unarchived(parent) if one.product_id in stocks]
    return [
        VariantView(
            product_id=row.product_id,
            options=options_of(row) or {},
            price=money.decimal(row.price_minor, row.currency),
            available_stock=stocks[row.product_id].offered,
            counted=stocks[row.product_id].is_counted,
            sku=row.sku,
            weight_grams=row.weight_grams,
            compare_at_price=_compare_at_price(row),
        )
        for row in rows
    ]


def unarchived(parent: "models.Product") -> list["models.VariantRow"]:
    """The variants of a parent that were not archived by themselves."""
    return [row for row in parent.variants or () if row.archived_at is None]


def least_price(variants: Iterable["models.VariantRow"]) -> int | None:
    """The least price in minor units, None without variants."""
    return min((row.price_minor for row in variants), default=None)


def options_of(product: "models.Product") -> dict[str, str] | None:
    """A variant's options by name."""
    return {row.name: row.value for row in product.options or ()} or None


def is_parent(product: "models.Product") -> bool:
    """Whether the row is that of a parent."""
    return product_ids.is_parent(product.product_id)


def _compare_at_price(product: "models.Product") -> Decimal | None:
    if not _is_compared(product) or product.compare_at_minor is None:
        return None
    return money.decimal(product.compare_at_minor, product.currency)


def _is_compared(product: "models.Product") -> bool:
    """Whether the higher price to compare with is shown now."""
    is_higher = (product.compare_at_minor or 0) > product.price_minor
    return is_higher and is_within(product.compare_at_from, product.compare_at_until)


def _attribute(row: "models.AttributeRow") -> Attribute:
    kind = AttributeType(row.type)
    return Attribute(name=row.name, type=kind, value=read_value(kind, row.value), label=row.label)
