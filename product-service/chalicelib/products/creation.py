"""Creates products, and parents with their variants."""

from collections.abc import Sequence
from itertools import chain
from typing import NoReturn

from chalicelib.inventory import supply
from chalicelib.inventory.errors import IdempotencyKeyReused, ProductNotFound
from chalicelib.inventory.schemas import StockedProduct
from chalicelib.products import lookups, product_ids, rows
from chalicelib.products.errors import (
    ProductContended,
    RelatedUnknown,
    SkuTaken,
    SlugTaken,
    TooManyVariants,
    VariantExists,
)
from chalicelib.products.models import Claim, Product
from chalicelib.products.schemas import MAX_VARIANTS, NewProduct, NewVariant
from chalicelib.products.statuses import ARCHIVED
from chalicelib.products.views import ProductCreated
from common import dynamodb, ids, text, transactions
from common.retry import RetryPolicy
from common.schemas import InvalidBody

_CONFLICT_RETRIES = RetryPolicy(tries=5, pause_seconds=0.02)
_CREATED = "Product created"


def create_product(request: NewProduct, admin_id: str, key: str | None) -> ProductCreated:
    """Create a product, or a parent with its variants, and the stock.

    All or nothing.

    Idempotent by the admin and the idempotency key. Undone by `archive_product`.

    Raises: InvalidAmount, ProductContended, IdempotencyKeyReused, SkuTaken, SlugTaken,
    RelatedUnknown.
    """
    require_related(request.related_ids)
    product = rows.new_product(request, admin_id, key)
    variants = [rows.new_variant(product, one) for one in request.variants]
    _validate_names(variants)
    if variants:
        rows.set_variants(product, [rows.variant_row(variant) for variant in variants])
    stocked: list[StockedProduct] = [*request.variants] or [request]
    try:
        transactions.write(*_operations(product, variants, stocked, admin_id, key))
    except transactions.TransactionCancelled:
        _explain_cancellation([product, *variants])
    except transactions.TransactionContended:
        raise ProductContended("too much at once; try again in a moment") from None
    return _created(product, variants)


def add_variant(parent_id: str, request: NewVariant, admin_id: str) -> ProductCreated:
    """Add a variant to a parent. Idempotent: its id follows from parent and options.

    Raises: ProductNotFound, TooManyVariants, VariantExists, SkuTaken, ProductContended.
    """
    for _ in _CONFLICT_RETRIES.attempts():
        parent = _get_parent(parent_id)
        variant = _variant_of(parent, request)
        if any(row.product_id == variant.product_id for row in parent.variants or ()):
            _require_same_request(variant, VariantExists(f"options: {variant.name} is there"))
            return _created(parent, [variant])
        if len(parent.variants or ()) >= MAX_VARIANTS:
            raise TooManyVariants(f"expected at most {MAX_VARIANTS} variants")
        if _add_variant(parent, variant, request, admin_id):
            return _created(parent, [variant])
        _require_free_claims([variant])
    raise ProductContended("the product kept changing; try again in a moment")


def require_related(related_ids: Sequence[str]) -> None:
    """Raise RelatedUnknown unless all these products exist."""
    matches = lookups.get_products(related_ids) if related_ids else {}
    if missing := [one for one in related_ids if one not in matches]:
        raise RelatedUnknown(f"relatedIds: there is no product {missing[0]}")


def claim_operations(product: Product) -> list[transactions.Operation]:
    """Return the operations that claim the SKU and the slug of a new product."""
    claims = [Claim(key, owner_id=product.product_id) for key in _claim_keys(product)]
    return [transactions.put(claim, Claim.key.does_not_exist()) for claim in claims]


def _operations(
    product: Product,
    variants: list[Product],
    stocked: Sequence[StockedProduct],
    admin_id: str,
    key: str | None,
) -> list[transactions.Operation]:
    sold = variants or [product]
    stored = [product, *variants]
    puts = [transactions.put(one, Product.product_id.does_not_exist()) for one in stored]
    claims = chain.from_iterable(claim_operations(one) for one in stored)
    supplied = chain.from_iterable(
        supply.initial_stock(one.product_id, rules, admin_id)
        for one, rules in zip(sold, stocked, strict=True)
    )
    return [*puts, *claims, *supplied, *_checks(product, key)]


def _checks(product: Product, key: str | None) -> list[transactions.Operation]:
    """A key that created a product creates no parent, nor the other way round."""
    if key is None:
        return []
    condition = Product.product_id.does_not_exist()
    return [transactions.check(Product, _twin_id(product), condition=condition)]


def _twin_id(product: Product) -> str:
    is_parent = product_ids.is_parent(product.product_id)
    prefix = product_ids.PRODUCT if is_parent else product_ids.PARENT
    return f"{prefix}#{ids.suffix(product.product_id)}"


def _explain_cancellation(created: list[Product]) -> None:
    """Return if the same request was carried out before, else raise the reason."""
    product = created[0]
    reused = IdempotencyKeyReused("Idempotency-Key: used before, with another body")
    if dynamodb.find(Product, product.product_id):
        return _require_same_request(product, reused)
    if dynamodb.find(Product, _twin_id(product)):
        raise reused
    _require_free_claims(created)
    raise ProductContended("too much at once; try again in a moment")


def _require_free_claims(created: list[Product]) -> None:
    for product in created:
        for key in _claim_keys(product):
            claim = dynamodb.find(Claim, key)
            if claim and claim.owner_id != product.product_id:
                _raise_taken(key)


def _raise_taken(key: str) -> NoReturn:
    kind, _, value = key.partition("#")
    if kind == "SKU":
        raise SkuTaken(f"sku: another product has {value}, or had it")
    raise SlugTaken(f"slug: another product has {value}")


def _claim_keys(product: Product) -> list[str]:
    keys = [Claim.sku(product.sku)] if product.sku is not None else []
    return keys + ([Claim.slug(product.slug)] if product.slug is not None else [])


def _require_same_request(product: Product, otherwise: Exception) -> None:
    """Raise `otherwise` unless the stored product is of the same request."""
    if lookups.get_product(product.product_id).request_hash != product.request_hash:
        raise otherwise


def _validate_names(variants: list[Product]) -> None:
    for variant in variants:
        if text.length(variant.name) > 200:
            raise InvalidBody("name: expected at most 200 characters with the options' values")


def _get_parent(product_id: str) -> Product:
    parent = lookups.get_product(product_id)
    if not product_ids.is_parent(parent.product_id) or parent.status == ARCHIVED:
        raise ProductNotFound(f"{parent.product_id} is no parent that variants can be added to")
    return parent


def _variant_of(parent: Product, request: NewVariant) -> Product:
    try:
        variant = rows.new_variant(parent, request)
    except ValueError as exc:
        raise InvalidBody(str(exc)) from None
    _validate_names([variant])
    return variant


def _add_variant(parent: Product, variant: Product, request: NewVariant, admin_id: str) -> bool:
    """Write the variant and its parent.

    False if the parent changed meanwhile, or a claim is taken.
    """
    version = parent.version
    rows.set_variants(parent, [*(parent.variants or ()), rows.variant_row(variant)])
    actions = [
        Product.variants.set(parent.variants),
        *rows.listing_actions(parent),
        Product.updated_at.set(variant.created_at),
    ]
    try:
        transactions.write(
            transactions.put(variant, Product.product_id.does_not_exist()),
            *claim_operations(variant),
            *supply.initial_stock(variant.product_id, request, admin_id),
            transactions.update(parent, actions, Product.version == version),
        )
    except (transactions.TransactionCancelled, transactions.TransactionContended):
        return False
    return True


def _created(product: Product, variants: list[Product]) -> ProductCreated:
    variant_ids = [variant.product_id for variant in variants] or None
    return ProductCreated(message=_CREATED, product_id=product.product_id, variant_ids=variant_ids)
