"""New rows of the catalogue, made of requests."""

import hashlib
import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from msgspec import UNSET, to_builtins
from pynamodb.expressions.update import Action

from chalicelib.products import fields, product_ids
from chalicelib.products.attributes import Attribute
from chalicelib.products.models import (
    AttributeRow,
    OptionRow,
    Product,
    VariantRow,
    category_listing,
)
from chalicelib.products.schemas import NewProduct, NewVariant, option_values
from chalicelib.products.statuses import ACTIVE
from chalicelib.products.views import least_price, unarchived
from common import clock, ids

_HASHED_APART = {"name", "description", "category", "price", "currency", "stock", "sku"}


def new_product(request: NewProduct, admin_id: str, key: str | None) -> Product:
    """Return the row of a product, or of a parent without its variants.

    Raises: InvalidAmount.
    """
    prefix = product_ids.PARENT if request.variants else product_ids.PRODUCT
    now = clock.now()
    product = Product(
        ids.deterministic(prefix, admin_id, key) if key else ids.new(prefix),
        name=request.name,
        description=request.description,
        category=request.category,
        sku=request.sku,
        slug=request.slug,
        currency=request.currency,
        status=request.status,
        option_names=request.options or None,
        created_at=now,
        updated_at=now,
        **_details(request),
    )
    if request.price is not UNSET:
        product.price_minor = fields.price_minor(request.price, request.currency)
        set_listing(product)
    product.request_hash = _request_hash(product, request)
    return product


def new_variant(parent: Product, request: NewVariant) -> Product:
    """Return the row of a variant. Its id follows from the parent and the options.

    Raises: InvalidAmount. ValueError if the options are not those of the parent.
    """
    names = list(parent.option_names or ())
    values = option_values(names, request)
    now = clock.now()
    variant = Product(
        ids.deterministic(product_ids.PRODUCT, parent.product_id, *values),
        sku=request.sku,
        price_minor=fields.price_minor(request.price, parent.currency),
        parent_id=parent.product_id,
        options=[OptionRow(name=n, value=v) for n, v in zip(names, values, strict=True)],
        request_hash=_hash([to_builtins(request, builtin_types=(Decimal,))]),
        created_at=now,
        updated_at=now,
        **inherited(parent, values),
    )
    if request.weight_grams is not None:
        variant.weight_grams = request.weight_grams
    if request.compare_at_price is not None:
        variant.compare_at_minor = compare_at_minor(request.compare_at_price, parent.currency)
    return variant


def inherited(parent: Product, values: tuple[str, ...]) -> dict[str, Any]:
    """Return what a variant has from its parent, by attribute of the row."""
    return {
        "name": variant_name(parent.name, values),
        "description": parent.description,
        "category": parent.category,
        "currency": parent.currency,
        "status": parent.status,
        "tax_class": parent.tax_class,
        "weight_grams": parent.weight_grams,
        "compare_at_from": parent.compare_at_from,
        "compare_at_until": parent.compare_at_until,
    }


def variant_name(parent_name: str, values: tuple[str, ...]) -> str:
    """Return the name that carts and orders show: `Shirt, L, Blue`."""
    return ", ".join((parent_name, *values))


def variant_row(variant: Product) -> VariantRow:
    """Return what the parent knows of the variant."""
    values = [option.value for option in variant.options or ()]
    return VariantRow(product_id=variant.product_id, values=values, price_minor=variant.price_minor)


def set_variants(parent: Product, variants: list[VariantRow]) -> None:
    """Set the parent's variants, and the price and the place in the lists that follow."""
    parent.variants = variants
    parent.price_minor = least_price(unarchived(parent)) or least_price(variants) or 0
    set_listing(parent)


def set_listing(product: Product) -> None:
    """Put the row into the lists of what is on sale, or take it out of them.

    A variant is in none: its parent stands for it.
    """
    is_empty = product_ids.is_parent(product.product_id) and not unarchived(product)
    is_listed = product.status == ACTIVE and product.parent_id is None and not is_empty
    product.listing = product.currency if is_listed else None
    product.category_listing = (
        category_listing(product.currency, product.category) if is_listed else None
    )


def listing_actions(product: Product) -> list[Action]:
    """Return the actions that store the price and the place in the lists."""
    return [
        Product.price_minor.set(product.price_minor),
        set_or_remove(Product.listing, product.listing),
        set_or_remove(Product.category_listing, product.category_listing),
    ]


def change_actions(product: Product, values: Iterable[str]) -> list[Action]:
    """Return the actions that store these attributes, and what follows from them."""
    changed = [name for name in values if name != "price_minor"]
    return [
        *(set_or_remove(getattr(Product, name), getattr(product, name)) for name in changed),
        *listing_actions(product),
        Product.updated_at.set(clock.now()),
    ]


def set_or_remove(attribute: Any, value: object) -> Action:
    """Return the action that stores the value, or removes one that is empty."""
    action: Action = attribute.remove() if value in (None, []) else attribute.set(value)
    return action


def attribute_rows(attributes: list[Attribute]) -> list[AttributeRow] | None:
    """Return the rows of attributes, None without any."""
    return [
        AttributeRow(
            name=one.name, key=one.key, type=one.type, value=one.stored_value, label=one.label
        )
        for one in attributes
    ] or None


def compare_at_minor(price: Decimal | None, currency: str) -> int | None:
    """Return the price to compare with in minor units. Raises: InvalidAmount."""
    return None if price is None else fields.price_minor(price, currency, "compareAtPrice")


def _details(request: NewProduct) -> dict[str, Any]:
    return {
        "categories": request.categories or None,
        "attributes": attribute_rows(request.attributes),
        "tax_class": request.tax_class,
        "weight_grams": request.weight_grams,
        "compare_at_minor": compare_at_minor(request.compare_at_price, request.currency),
        "compare_at_from": fields.timestamp(request.compare_at_from),
        "compare_at_until": fields.timestamp(request.compare_at_until),
        "related_ids": request.related_ids or None,
    }


def _request_hash(product: Product, request: NewProduct) -> str:
    """Hash of the request. Later changes of the product do not alter it."""
    is_sold = not request.variants
    hashed: list[Any] = [
        product.name, product.description, product.category,
        product.price_minor if is_sold else None, product.currency,
        request.stock if is_sold and request.counted else None,
    ]  # fmt: skip
    if product.sku is not None:  # hashes from before products had one stay
        hashed.append(product.sku)
    later = to_builtins(request, builtin_types=(Decimal,))  # without what has its default
    if more := {name: later[name] for name in sorted(later.keys() - _HASHED_APART)}:
        hashed.append(more)
    return _hash(hashed)


def _hash(hashed: list[Any]) -> str:
    text = json.dumps(hashed, sort_keys=True, default=lambda amount: f"{amount.normalize():f}")
    return hashlib.sha256(text.encode()).hexdigest()
