"""The entry points of product-service: routes, saga steps and a schedule."""

from typing import Any

from chalice.app import CloudWatchEvent
from msgspec import to_builtins

from chalicelib.inventory.errors import (
    IdempotencyKeyReused,
    ProductNotFound,
    StockChanged,
    StockContended,
    StockOutOfRange,
)
from chalicelib.inventory.schemas import (
    AdjustStock,
    MovementsQuery,
    MovementView,
    OrderInput,
    OrderItemsInput,
    ReservationHeld,
    ReservationState,
    ReturnInput,
    SetStock,
    StockLevel,
)
from chalicelib.products.errors import (
    CurrencyFixed,
    ProductContended,
    RelatedUnknown,
    SkuTaken,
    SlugTaken,
    TooManyVariants,
    VariantExists,
    VariantField,
)
from chalicelib.products.schemas import NewProduct, NewVariant, ProductFilters, ProductPatch
from chalicelib.products.views import (
    ManagedProduct,
    ProductArchived,
    ProductCreated,
    ProductView,
    ProductWithStock,
)
from common import lazy_imports
from common.api import Api, Request
from common.money import InvalidAmount
from common.pages import InvalidCursor, Page
from common.routes import Access

with lazy_imports.until_first_use():
    from chalicelib.inventory import expiry, supply
    from chalicelib.inventory import service as inventory
    from chalicelib.products import changes, creation
    from chalicelib.products import service as products

api = Api("product-service")
app, authorizer = api.app, api.authorizer


@api.get(
    "/products",
    access=Access.PUBLIC,
    summary="List the catalogue, cheapest first",
    query=ProductFilters,
    returns=Page[ProductView],
    errors=[InvalidCursor],
)
@api.get(
    "/product",
    access=Access.PUBLIC,
    operation_id="listProductsBySingularPath",
    summary="List the catalogue, cheapest first",
    description="The same as `GET /products`.",
    query=ProductFilters,
    returns=Page[ProductView],
    errors=[InvalidCursor],
)
def list_products(request: Request[ProductFilters]) -> Page[ProductView]:
    return products.list_products(request.query)


@api.get(
    "/product/{product_id}",
    access=Access.PUBLIC,
    summary="Get a product and its available stock, or a parent and its variants",
    returns=ProductWithStock,
    errors=[ProductNotFound],
)
def get_product(request: Request[None], product_id: str) -> ProductWithStock:
    return products.get_product(product_id)


@api.get(
    "/products/all/{product_id}",
    access=Access.ADMIN,
    summary="Get a product as staff see it, in any status",
    returns=ManagedProduct,
    errors=[ProductNotFound],
)
def get_managed_product(request: Request[None], product_id: str) -> ManagedProduct:
    return products.get_managed_product(product_id)


@api.post(
    "/product",
    access=Access.ADMIN,
    summary="Create a product with its stock",
    description=(
        "With `options` and `variants`: a parent, which is listed once at its least price, and"
        " the variants, which are bought."
    ),
    body=NewProduct,
    returns=ProductCreated,
    status=201,
    errors=[
        *(InvalidAmount, IdempotencyKeyReused, ProductContended, SkuTaken, SlugTaken),
        RelatedUnknown,
    ],
    idempotency_key=True,
)
def create_product(request: Request[NewProduct]) -> ProductCreated:
    return creation.create_product(request.body, request.caller.user_id, request.idempotency_key)


@api.post(
    "/product/{product_id}/variants",
    access=Access.ADMIN,
    summary="Add a variant to a parent",
    description="A repeat adds nothing: a parent has no two variants with the same options.",
    body=NewVariant,
    returns=ProductCreated,
    status=201,
    errors=[
        *(InvalidAmount, ProductNotFound, VariantExists, TooManyVariants, SkuTaken, SlugTaken),
        ProductContended,
    ],
)
def add_variant(request: Request[NewVariant], product_id: str) -> ProductCreated:
    return creation.add_variant(product_id, request.body, request.caller.user_id)


@api.patch(
    "/product/{product_id}",
    access=Access.ADMIN,
    summary="Change a product",
    description=(
        "Fields that are left out stay, null removes one. Orders keep the price that they were"
        " placed at. A `status` brings an archived product back."
    ),
    body=ProductPatch,
    returns=ProductView,
    errors=[
        *(InvalidAmount, ProductNotFound, CurrencyFixed, SlugTaken, VariantField, RelatedUnknown),
        ProductContended,
    ],
)
def change_product(request: Request[ProductPatch], product_id: str) -> ProductView:
    return changes.change_product(product_id, request.body)


@api.delete(
    "/product/{product_id}",
    access=Access.ADMIN,
    summary="Archive a product, or a parent with its variants",
    description="It leaves the catalogue. Reserved stock can still be sold.",
    returns=ProductArchived,
    errors=[ProductNotFound, ProductContended],
)
def archive_product(request: Request[None], product_id: str) -> ProductArchived:
    return changes.archive_product(product_id)


@api.put(
    "/product/{product_id}/stock",
    access=Access.ADMIN,
    summary="Set the available stock of a product",
    description=(
        "After a count. Reserved and sold stock stay. With `expectedStock` nothing is overwritten"
        " that was sold since; what comes in or breaks is an adjustment."
    ),
    body=SetStock,
    returns=StockLevel,
    errors=[ProductNotFound, StockChanged, StockContended],
)
def set_stock(request: Request[SetStock], product_id: str) -> StockLevel:
    return supply.set_stock(product_id, request.body, request.caller.user_id)


@api.post(
    "/product/{product_id}/stock/adjust",
    access=Access.ADMIN,
    summary="Add to the available stock of a product, or take from it",
    description="Needs an `Idempotency-Key`: a repeat without one would count twice.",
    body=AdjustStock,
    returns=StockLevel,
    errors=[ProductNotFound, StockOutOfRange, IdempotencyKeyReused, StockContended],
    idempotency_key=True,
)
def adjust_stock(request: Request[AdjustStock], product_id: str) -> StockLevel:
    key = request.required_idempotency_key
    return supply.adjust_stock(product_id, request.body, request.caller.user_id, key)


@api.get(
    "/product/{product_id}/stock/movements",
    access=Access.ADMIN,
    summary="List what came into a product's stock and left it, newest first",
    description="Without what orders reserve, buy and return. The changes add up to the supply.",
    query=MovementsQuery,
    returns=Page[MovementView],
    errors=[ProductNotFound, InvalidCursor],
)
def list_stock_movements(request: Request[MovementsQuery], product_id: str) -> Page[MovementView]:
    return supply.list_movements(product_id, request.query)


@api.function("check-inventory", takes=OrderItemsInput, returns=ReservationHeld)
def check_inventory(request: OrderItemsInput) -> ReservationHeld:
    """Saga step CheckInventory: reserve stock. Undone by release-inventory."""
    return inventory.reserve(request.order_id, request.items)


@api.function("update-inventory", takes=OrderItemsInput, returns=ReservationState)
def update_inventory(request: OrderItemsInput) -> ReservationState:
    """Saga step UpdateInventory: commit stock. Undone by release-inventory."""
    return inventory.commit(request.order_id, request.items)


@api.function("release-inventory", takes=OrderInput, returns=ReservationState)
def release_inventory(request: OrderInput) -> ReservationState:
    """Undo check-inventory and update-inventory, whether or not they took place."""
    return inventory.release(request.order_id)


@api.function("return-inventory", takes=ReturnInput, returns=ReservationState)
def return_inventory(request: ReturnInput) -> ReservationState:
    """Restock returned goods of a committed order, once for each refund."""
    return inventory.return_goods(request.order_id, request.refund_id, request.items)


@app.schedule("rate(1 minute)", name="expire-reservations")
def expire_reservations(event: CloudWatchEvent) -> Any:
    """Expire reservations that were not committed in time."""
    return to_builtins(expiry.expire_reservations())
