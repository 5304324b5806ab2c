"""The verbs of the catalogue."""

import hashlib
import json
from decimal import Decimal

from msgspec import UNSET
from msgspec.structs import asdict
from pynamodb.expressions.update import Action

from chalicelib.inventory import service as inventory
from chalicelib.inventory import supply
from chalicelib.inventory.errors import IdempotencyKeyReused, ProductNotFound
from chalicelib.products import listing
from chalicelib.products.errors import (
    CurrencyFixed,
    ProductContended,
    SkuTaken,
)
from chalicelib.products.models import ACTIVE, ARCHIVED, Product, SkuClaim, category_listing
from chalicelib.products.schemas import (
    NewProduct,
    ProductArchived,
    ProductCreated,
    ProductFilters,
    ProductPatch,
    ProductView,
    ProductWithStock,
)
from common import clock, dynamodb, ids, money, transactions
from common.pages import Page

_PRODUCT_EXISTS = 0  # position in the transaction that creates a product


def create_product(request: NewProduct, admin_id: str, key: str | None) -> ProductCreated:
    """Create a product and its stock, both or neither.

    Idempotent by the admin and the idempotency key. Undone by `archive_product`.

    Raises: InvalidAmount, ProductContended, IdempotencyKeyReused, SkuTaken.
    """
    product = _new_product(request, admin_id, key)
    try:
        transactions.write(
            transactions.put(product, Product.product_id.does_not_exist()),
            *supply.initial_stock(product.product_id, request.stock, admin_id),
            *_claim_sku(product),
        )
    except transactions.TransactionCancelled as exc:
        if _PRODUCT_EXISTS not in exc.failed:
            raise SkuTaken(f"sku: another product has {product.sku}, or had it") from None
        _require_same_request(product)
    except transactions.TransactionContended:
        raise ProductContended("too much at once; try again in a moment") from None
    return ProductCreated(message="Product created", product_id=product.product_id)


def list_products(filters: ProductFilters) -> Page[ProductView]:
    """Return a page of the catalogue, cheapest first.

    Eventually consistent: a change reaches an index after a moment.

    Raises: InvalidCursor.
    """
    page = listing.query_page(filters) if filters.sku is None else _find_by_sku(filters.sku)
    return Page([_product_view(product) for product in page.items], page.cursor)


def get_product(product_id: str) -> ProductWithStock:
    """Return an active product with the quantity that can be bought.

    Raises: ProductNotFound.
    """
    product = _get_active_product(product_id)
    available_stock = inventory.get_available_stock(product.product_id)
    return ProductWithStock(**asdict(_product_view(product)), available_stock=available_stock)


def change_product(product_id: str, request: ProductPatch) -> ProductView:
    """Change the fields that the request has.

    Orders keep the price that they were placed at.

    Concurrent changes of different fields are all kept. Idempotent. Undone by another change.

    Raises: ProductNotFound, CurrencyFixed, InvalidAmount.
    """
    product = _get_active_product(product_id)
    if request.currency not in (UNSET, product.currency):
        raise CurrencyFixed(f"currency: the price is in {product.currency} and stays so")
    actions = _patch_actions(product, request)
    is_changed = dynamodb.update_if(
        product,
        actions,
        Product.status == ACTIVE,
        add_version_condition=False,  # two admins may change different fields at once
    )
    if not is_changed:
        raise _not_found(product_id)
    return _product_view(product)


def archive_product(product_id: str) -> ProductArchived:
    """Archive a product: it leaves the catalogue for good. Idempotent.

    Its stock stays, and what is reserved of it can still be committed or released.

    Raises: ProductNotFound if it never existed.
    """
    product = _get_product(product_id)
    archived: list[Action] = [
        Product.status.set(ARCHIVED),
        Product.listing.remove(),
        Product.category_listing.remove(),
        Product.updated_at.set(clock.now()),
    ]
    is_stored = Product.product_id.exists()
    dynamodb.update_if(product, archived, is_stored, add_version_condition=False)
    return ProductArchived(message="Product archived", product_id=product.product_id)


def _new_product(request: NewProduct, admin_id: str, key: str | None) -> Product:
    now = clock.now()
    product = Product(
        ids.deterministic("PROD", admin_id, key) if key else ids.new("PROD"),
        name=request.name,
        description=request.description,
        category=request.category,
        sku=request.sku,
        price_minor=_price_minor(request.price, request.currency),
        currency=request.currency,
        listing=request.currency,
        category_listing=category_listing(request.currency, request.category),
        created_at=now,
        updated_at=now,
    )
    product.request_hash = _request_hash(product, request.stock)
    return product


def _claim_sku(product: Product) -> list[transactions.Operation]:
    if product.sku is None:
        return []
    claim = SkuClaim(SkuClaim.key_for(product.sku), owner_id=product.product_id)
    return [transactions.put(claim, SkuClaim.key.does_not_exist())]


def _find_by_sku(sku: str) -> Page[Product]:
    """Return the page of the one active product with this SKU, or an empty one."""
    claim = dynamodb.find(SkuClaim, SkuClaim.key_for(sku))
    product = _get_product(claim.owner_id) if claim else None
    return Page([product] if product and product.status == ACTIVE else [])


def _request_hash(product: Product, stock: int) -> str:
    """Hash of the request. Later changes of the product do not alter it."""
    fields = [
        product.name, product.description, product.category, product.price_minor,
        product.currency, stock,
    ]  # fmt: skip
    if product.sku is not None:  # hashes from before products had one stay
        fields.append(product.sku)
    return hashlib.sha256(json.dumps(fields).encode()).hexdigest()


def _require_same_request(product: Product) -> None:
    """Raise IdempotencyKeyReused unless the stored product is of the same request."""
    stored = _get_product(product.product_id)
    if stored.request_hash != product.request_hash:
        raise IdempotencyKeyReused("Idempotency-Key: used before, with another body")


def _patch_actions(product: Product, request: ProductPatch) -> list[Action]:
    actions: list[Action] = [Product.updated_at.set(clock.now())]
    if request.name is not UNSET:
        actions.append(Product.name.set(request.name))
    if request.description is not UNSET:
        actions.append(Product.description.set(request.description))
    if request.price is not UNSET:
        price = _price_minor(request.price, product.currency)
        actions.append(Product.price_minor.set(price))
    if request.category is not UNSET:
        actions.append(Product.category.set(request.category))
        category = category_listing(product.currency, request.category)
        actions.append(Product.category_listing.set(category))
    return actions


def _price_minor(amount: Decimal, currency: str) -> int:
    """Return the price in minor units. Raises: InvalidAmount with the field's name."""
    try:
        price = money.minor(amount, currency)
    except money.InvalidAmount as exc:
        raise money.InvalidAmount(f"price: {exc}") from None
    if price == 0:
        raise money.InvalidAmount("price: expected more than 0")
    return price


def _product_view(product: Product) -> ProductView:
    return ProductView(
        product_id=product.product_id,
        name=product.name,
        price=money.decimal(product.price_minor, product.currency),
        currency=product.currency,
        category=product.category,
        description=product.description,
        sku=product.sku,
    )


def _get_active_product(product_id: str) -> Product:
    product = _get_product(product_id)
    if product.status != ACTIVE:
        raise _not_found(product_id)
    return product


def _get_product(product_id: str) -> Product:
    """Return the product, archived or not. Raises: ProductNotFound."""
    product = dynamodb.find(Product, ids.parse("PROD", product_id))
    if product is None:
        raise _not_found(product_id)
    return product


def _not_found(product_id: str) -> ProductNotFound:
    return ProductNotFound(f"{ids.parse('PROD', product_id)} is not in the catalogue")
