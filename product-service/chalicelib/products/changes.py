"""The verbs that change a product of the catalogue, or a parent with its variants."""

from typing import Any

from msgspec import UNSET

from chalicelib.products import fields, lookups, rows, views
from chalicelib.products.creation import require_related
from chalicelib.products.errors import (
    CurrencyFixed,
    ProductContended,
    SlugTaken,
    VariantField,
)
from chalicelib.products.models import Claim, Product
from chalicelib.products.schemas import ProductPatch, SaleStatus
from chalicelib.products.statuses import ACTIVE, ARCHIVED
from chalicelib.products.views import ProductArchived, ProductView
from common import clock, dynamodb, transactions
from common.retry import RetryPolicy

Values = dict[str, Any]  # by attribute of the row

_CONFLICT_RETRIES = RetryPolicy(tries=5, pause_seconds=0.02)
_VARIANT_FIELDS = frozenset(
    {"price", "status", "currency", "weight_grams"}
    | {"compare_at_price", "compare_at_from", "compare_at_until"}
)
# The row takes them as they are.
_PLAIN = frozenset(
    {"name", "description", "category", "categories", "tax_class", "weight_grams", "related_ids"}
    | {"status", "slug"}
)
_INHERITED = frozenset(
    {"name", "description", "category", "tax_class", "weight_grams", "status"}
    | {"compare_at_from", "compare_at_until"}
)


def change_product(product_id: str, request: ProductPatch) -> ProductView:
    """Change the fields that the request has.

    A status brings an archived product back.

    Orders keep the price that they were placed at.

    Concurrent changes of different fields are all kept. Idempotent. Undone by another change.

    Raises: ProductNotFound, CurrencyFixed, InvalidAmount, SlugTaken, VariantField,
    RelatedUnknown, ProductContended.
    """
    if request.related_ids is not UNSET:
        require_related(request.related_ids)
    for _ in _CONFLICT_RETRIES.attempts():
        product = lookups.get_product(product_id)
        validate(product, request)
        old_slug = product.slug
        if _write_product(product, new_values(product, request), old_slug):
            return views.product_view(product)
        _require_free_slug(product, request)
    raise ProductContended("the product kept changing; try again in a moment")


def archive_product(product_id: str) -> ProductArchived:
    """Archive a product, or a parent with its variants. Idempotent.

    Its stock stays, and what is reserved of it can still be committed or released. Undone by
    `change_product` with a status.

    Raises: ProductNotFound if it never existed, ProductContended.
    """
    for _ in _CONFLICT_RETRIES.attempts():
        product = lookups.get_product(product_id)
        is_archived = product.status == ARCHIVED
        if is_archived or _write_product(product, {"status": ARCHIVED}, product.slug):
            return ProductArchived(message="Product archived", product_id=product.product_id)
    raise ProductContended("the product kept changing; try again in a moment")


def validate(product: Product, request: ProductPatch) -> None:
    """Raise unless the product can be changed so.

    Raises: ProductNotFound, CurrencyFixed, VariantField.
    """
    if product.status == ARCHIVED and request.status is UNSET:
        raise lookups.not_found(product.product_id)
    if request.currency not in (UNSET, product.currency):
        raise CurrencyFixed(f"currency: the price is in {product.currency} and stays so")
    if product.parent_id and (wrong := sorted(request.changed - _VARIANT_FIELDS)):
        raise VariantField(f"{wrong[0]}: is changed at the parent {product.parent_id}")
    if product.parent_id and request.status is SaleStatus.DRAFT:
        raise VariantField(f"status: a draft is the whole parent {product.parent_id}")
    if views.is_parent(product) and request.price is not UNSET:
        raise VariantField(f"price: is changed at the variants of {product.product_id}")


def new_values(product: Product, request: ProductPatch) -> Values:
    """Return the values of the row that the request sets. Raises: InvalidAmount."""
    changed, currency = request.changed, product.currency
    values: Values = {name: getattr(request, name) for name in changed & _PLAIN}
    if request.attributes is not UNSET:
        values["attributes"] = rows.attribute_rows(request.attributes)
    if request.price is not UNSET:
        values["price_minor"] = fields.price_minor(request.price, currency)
    if request.compare_at_price is not UNSET:
        price = request.compare_at_price
        values["compare_at_minor"] = rows.compare_at_minor(price, currency)
    for name in changed & {"compare_at_from", "compare_at_until"}:
        values[name] = fields.timestamp(getattr(request, name))
    return values


def _write_product(product: Product, values: Values, old_slug: str | None) -> bool:
    """Change the row, and its parent's or variants'.

    False if one of them changed meanwhile.
    """
    if product.parent_id:
        others = _change_parent(product, values)
    else:
        _set(product, values)
        others = _change_variants(product, values) if views.is_parent(product) else []
    slug_ops = _claim_slug(product, old_slug)
    try:
        if not others and not slug_ops:
            actions = rows.change_actions(product, values)
            return dynamodb.update_if(product, actions, Product.product_id.exists())
        transactions.write(_update(product, values), *others, *slug_ops)
    except (transactions.TransactionCancelled, transactions.TransactionContended):
        return False
    return True


def _change_parent(variant: Product, values: Values) -> list[transactions.Operation]:
    """Change a variant, and return the operation on its parent that belongs to it."""
    parent = lookups.get_product(variant.parent_id or "")
    if values.get("status") == ACTIVE:  # it comes back, as far as its parent is on sale
        values["status"] = parent.status
    _set(variant, values)
    known = list(parent.variants or ())
    for row in known:
        if row.product_id == variant.product_id:
            row.price_minor = variant.price_minor
            row.archived_at = clock.now() if variant.status == ARCHIVED else None
    rows.set_variants(parent, known)
    return [_update(parent, {"variants": known})]


def _change_variants(parent: Product, values: Values) -> list[transactions.Operation]:
    """Return the operations that hand a parent's values down to its variants."""
    inherited = {name: value for name, value in values.items() if name in _INHERITED}
    if not inherited:
        return []
    known = parent.variants or []
    variants = lookups.get_products(row.product_id for row in known)
    operations = []
    for row in known:
        own = dict(inherited)
        if row.archived_at:
            own.pop("status", None)
        if "name" in own:
            own["name"] = rows.variant_name(parent.name, tuple(row.values))
        if own:
            variant = variants[row.product_id]
            _set(variant, own)
            operations.append(_update(variant, own))
    return operations


def _set(product: Product, values: Values) -> None:
    for name, value in values.items():
        setattr(product, name, value)
    rows.set_listing(product)


def _update(product: Product, values: Values) -> transactions.Operation:
    actions = rows.change_actions(product, values)
    return transactions.update(product, actions, Product.version == product.version)


def _claim_slug(product: Product, old_slug: str | None) -> list[transactions.Operation]:
    if product.slug == old_slug:
        return []
    operations = []
    if old_slug is not None:
        is_own = Claim.owner_id == product.product_id
        operations.append(transactions.delete(Claim(Claim.slug(old_slug)), is_own))
    if product.slug is not None:
        claim = Claim(Claim.slug(product.slug), owner_id=product.product_id)
        operations.append(transactions.put(claim, Claim.key.does_not_exist()))
    return operations


def _require_free_slug(product: Product, request: ProductPatch) -> None:
    if not isinstance(request.slug, str):
        return
    claim = dynamodb.find(Claim, Claim.slug(request.slug))
    if claim and claim.owner_id != product.product_id:
        raise SlugTaken(f"slug: another product has {request.slug}")
