"""The entry points of product-service: routes, saga steps and a schedule."""

from typing import Any

from chalice.app import CloudWatchEvent, DynamoDBEvent, SQSEvent
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
    SkuTaken,
)
from chalicelib.products.schemas import (
    NewProduct,
    ProductArchived,
    ProductCreated,
    ProductFilters,
    ProductPatch,
    ProductView,
    ProductWithStock,
)
from common import lazy_imports, queues, streams
from common.api import Api, Request
from common.money import InvalidAmount
from common.pages import InvalidCursor, Page
from common.roles import Scope
from common.routes import Access

with lazy_imports.until_first_use():
    from chalicelib.inventory import expiry, supply
    from chalicelib.inventory import service as inventory
    from chalicelib.products import service as products
    from common import staff_acts

api = Api("product-service", staff_acts="ProductStaffActs")
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
    summary="Get a product and its available stock",
    returns=ProductWithStock,
    errors=[ProductNotFound],
)
def get_product(request: Request[None], product_id: str) -> ProductWithStock:
    return products.get_product(product_id)


@api.post(
    "/product",
    scope=Scope.PRODUCTS_WRITE,
    summary="Create a product with its stock",
    body=NewProduct,
    returns=ProductCreated,
    status=201,
    errors=[InvalidAmount, IdempotencyKeyReused, ProductContended, SkuTaken],
    idempotency_key=True,
)
def create_product(request: Request[NewProduct]) -> ProductCreated:
    return products.create_product(request.body, request.caller.user_id, request.idempotency_key)


@api.patch(
    "/product/{product_id}",
    scope=Scope.PRODUCTS_WRITE,
    summary="Change a product",
    description="Fields that are left out stay. Orders keep the price that they were placed at.",
    body=ProductPatch,
    returns=ProductView,
    errors=[InvalidAmount, ProductNotFound, CurrencyFixed],
)
def change_product(request: Request[ProductPatch], product_id: str) -> ProductView:
    return products.change_product(product_id, request.body)


@api.delete(
    "/product/{product_id}",
    scope=Scope.PRODUCTS_WRITE,
    summary="Archive a product",
    description="It leaves the catalogue for good. Reserved stock can still be sold.",
    returns=ProductArchived,
    errors=[ProductNotFound],
)
def archive_product(request: Request[None], product_id: str) -> ProductArchived:
    return products.archive_product(product_id)


@api.put(
    "/product/{product_id}/stock",
    scope=Scope.STOCK_WRITE,
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
    scope=Scope.STOCK_WRITE,
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
    scope=Scope.STOCK_READ,
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


@app.on_dynamodb_record(
    stream_arn=streams.arn("ProductStaffActs"),
    batch_size=10,
    starting_position="TRIM_HORIZON",
    name="announce-staff-acts",
)
def announce_staff_acts(event: DynamoDBEvent) -> None:
    """Publish what staff changed."""
    streams.consume(event, staff_acts.publish, on_failure_queue="product-staff-acts-queue")


@app.on_sqs_message(queue="product-staff-acts-queue", batch_size=10, name="on-parked-staff-act")
def on_parked_staff_act(event: SQSEvent) -> None:
    """Publish what announce-staff-acts could not."""
    queues.consume(event, lambda record: staff_acts.publish(streams.read(record)))
