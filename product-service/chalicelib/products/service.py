"""The verbs of the catalogue."""

import hashlib
import json
from decimal import Decimal

from msgspec import UNSET
from msgspec.structs import asdict
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.update import Action

from chalicelib.inventory import service as inventory
from chalicelib.products import listing
from chalicelib.products.errors import (
    CurrencyFixed,
    IdempotencyKeyReused,
    ProductContended,
    ProductNotFound,
)
from chalicelib.products.models import ACTIVE, ARCHIVED, Product, listing_of
from chalicelib.products.schemas import (
    Archived,
    Changes,
    Created,
    Draft,
    Filters,
    Shown,
    ShownWithStock,
)
from common import clock, dynamodb, ids, money, transactions


def create_product(draft: Draft, admin_id: str, key: str | None) -> Created:
    """Put a product into the catalogue and its stock on the shelf, both or neither.

    Raises InvalidAmount, ProductContended. Safe to repeat with the same idempotency key of the same admin: the same draft gives the same
    product, another one raises IdempotencyKeyReused. Undone by archive_product.
    """
    product = _new_product(draft, admin_id, key)
    try:
        transactions.write(
            transactions.put(product, Product.product_id.does_not_exist()),
            inventory.first_supply(product.product_id, draft.stock),
        )
    except transactions.TransactionCancelled:
        _insist_on_repeat(product)
    except transactions.TransactionContended:
        raise ProductContended("too much at once; try again in a moment") from None
    return Created(message="Product created", product_id=product.product_id)


def list_products(filters: Filters) -> tuple[list[Shown], str | None]:
    """A page of the catalogue, cheapest first, and the cursor of the next one; an index may be a moment behind."""
    products, cursor = listing.page(filters)
    return [_shown(product) for product in products], cursor


def show_product(product_id: str) -> ShownWithStock:
    """One product and how many of it can be bought now; ProductNotFound if it is not in the catalogue."""
    product = _listed(product_id)
    return ShownWithStock(
        **asdict(_shown(product)), available_stock=inventory.available_stock(product.product_id)
    )


def change_product(product_id: str, changes: Changes) -> Shown:
    """Change what the changes name. Orders that exist keep the price that they were placed at.

    Raises ProductNotFound, CurrencyFixed, InvalidAmount. Safe to repeat; undone by changing it back.
    """
    product = _listed(product_id)
    if changes.currency not in (UNSET, product.currency):
        raise CurrencyFixed(f"currency: the price is in {product.currency} and stays so")
    try:
        product.update(
            actions=_actions(product, changes),
            condition=Product.status == ACTIVE,
            add_version_condition=False,  # two admins may change different things at once
        )
    except UpdateError as problem:
        if not dynamodb.is_condition_failure(problem):
            raise
        raise _not_found(product_id) from None
    return _shown(product)


def archive_product(product_id: str) -> Archived:
    """Take a product out of the catalogue for good; ProductNotFound if it never was in it. Safe to repeat.

    Its stock stays, and what is reserved of it can still be committed or released.
    """
    product = _find(product_id)
    product.update(
        actions=[
            Product.status.set(ARCHIVED),
            Product.listing.remove(),
            Product.category_listing.remove(),
            Product.updated_at.set(clock.now()),
        ],
        add_version_condition=False,
    )
    return Archived(message="Product archived", product_id=product.product_id)


def _new_product(draft: Draft, admin_id: str, key: str | None) -> Product:
    now = clock.now()
    product = Product(
        ids.deterministic("PROD", admin_id, key) if key else ids.new("PROD"),
        name=draft.name,
        description=draft.description,
        category=draft.category,
        price_minor=_price(draft.price, draft.currency),
        currency=draft.currency,
        listing=draft.currency,
        category_listing=listing_of(draft.currency, draft.category),
        created_at=now,
        updated_at=now,
    )
    product.request_hash = _hash(product, draft.stock)
    return product


def _hash(product: Product, stock: int) -> str:
    """What the request said, whatever becomes of the product later."""
    said = (
        product.name, product.description, product.category, product.price_minor, product.currency, stock,
    )  # fmt: skip
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _insist_on_repeat(product: Product) -> None:
    """Return if this very product was created before; IdempotencyKeyReused otherwise."""
    if Product.get(product.product_id, consistent_read=True).request_hash != product.request_hash:
        raise IdempotencyKeyReused("Idempotency-Key: used before, with another body")


def _actions(product: Product, changes: Changes) -> list[Action]:
    actions: list[Action] = [Product.updated_at.set(clock.now())]
    if changes.name is not UNSET:
        actions.append(Product.name.set(changes.name))
    if changes.description is not UNSET:
        actions.append(Product.description.set(changes.description))
    if changes.price is not UNSET:
        actions.append(Product.price_minor.set(_price(changes.price, product.currency)))
    if changes.category is not UNSET:
        place = listing_of(product.currency, changes.category)
        actions += [Product.category.set(changes.category), Product.category_listing.set(place)]
    return actions


def _price(amount: Decimal, currency: str) -> int:
    """The price in minor units; InvalidAmount if it cannot be one."""
    try:
        price = money.minor(amount, currency)
    except money.InvalidAmount as problem:
        raise money.InvalidAmount(f"price: {problem}") from None
    if price == 0:
        raise money.InvalidAmount("price: expected more than 0")
    return price


def _shown(product: Product) -> Shown:
    return Shown(
        product_id=product.product_id,
        name=product.name,
        price=money.decimal(int(product.price_minor), product.currency),
        currency=product.currency,
        category=product.category,
        description=product.description,
    )


def _listed(product_id: str) -> Product:
    """The product, if it is in the catalogue."""
    product = _find(product_id)
    if product.status != ACTIVE:
        raise _not_found(product_id)
    return product


def _find(product_id: str) -> Product:
    """The product, archived or not; read consistently, so that one just created is found."""
    try:
        return Product.get(ids.parse("PROD", product_id), consistent_read=True)
    except Product.DoesNotExist:
        raise _not_found(product_id) from None


def _not_found(product_id: str) -> ProductNotFound:
    return ProductNotFound(f"{ids.parse('PROD', product_id)} is not in the catalogue")
