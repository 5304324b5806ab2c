"""The entry points of product-service: routes, saga steps and a schedule."""

from typing import Any

from chalice.app import CloudWatchEvent, DynamoDBEvent, SQSEvent
from msgspec import to_builtins

from chalicelib.categories.errors import (
    CategoriesContended,
    CategoryExists,
    CategoryInUse,
    CategoryNotFound,
    CategoryTreeInvalid,
)
from chalicelib.categories.schemas import CategoryPatch, CategoryTree, CategoryView, NewCategory
from chalicelib.imports.errors import FileMissing, ImportNotFound
from chalicelib.imports.schemas import ImportCreated, ImportView, NewImport
from chalicelib.inventory.errors import (
    IdempotencyKeyReused,
    ProductNotFound,
    StockChanged,
    StockContended,
    StockNotCounted,
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
    StockRulesPatch,
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
from chalicelib.products.filters import ManagedFilters, ProductFilters, ProductSelection
from chalicelib.products.schemas import NewProduct, NewVariant, ProductPatch
from chalicelib.products.views import (
    ManagedProduct,
    ProductArchived,
    ProductCreated,
    ProductView,
    ProductWithStock,
)
from chalicelib.search.errors import SearchUnavailable
from chalicelib.search.schemas import Facets, Suggestions, SuggestQuery
from common import lazy_imports, queues, streams
from common.api import Api, Request
from common.money import InvalidAmount
from common.pages import InvalidCursor, Page
from common.roles import Scope
from common.routes import Access

with lazy_imports.until_first_use():
    from chalicelib.categories import service as categories
    from chalicelib.imports import service as imports
    from chalicelib.inventory import expiry, supply
    from chalicelib.inventory import service as inventory
    from chalicelib.products import changes, creation, low_stock
    from chalicelib.products import service as products
    from chalicelib.search import indexing
    from chalicelib.search import service as search
    from common import staff_acts

api = Api("product-service", staff_acts="ProductStaffActs")
app, authorizer = api.app, api.authorizer


@api.get(
    "/products",
    access=Access.PUBLIC,
    summary="Search the catalogue, or list it, cheapest first",
    description=(
        "What was changed is found within seconds. While the search is not available, lists by"
        " category and price go on."
    ),
    query=ProductFilters,
    returns=Page[ProductView],
    errors=[InvalidCursor, SearchUnavailable],
)
@api.get(
    "/product",
    access=Access.PUBLIC,
    operation_id="listProductsBySingularPath",
    summary="Search the catalogue, or list it, cheapest first",
    description="The same as `GET /products`.",
    query=ProductFilters,
    returns=Page[ProductView],
    errors=[InvalidCursor, SearchUnavailable],
)
def list_products(request: Request[ProductFilters]) -> Page[ProductView]:
    return search.list_products(request.query)


@api.get(
    "/products/facets",
    access=Access.PUBLIC,
    summary="Count what a search finds, by category, attribute, price and stock",
    query=ProductSelection,
    returns=Facets,
    errors=[SearchUnavailable],
)
def count_facets(request: Request[ProductSelection]) -> Facets:
    return search.count_facets(request.query)


@api.get(
    "/products/suggest",
    access=Access.PUBLIC,
    summary="Suggest products and categories while a customer types",
    query=SuggestQuery,
    returns=Suggestions,
    errors=[SearchUnavailable],
)
def suggest_products(request: Request[SuggestQuery]) -> Suggestions:
    return search.suggest(request.query)


@api.get(
    "/products/all",
    scope=Scope.PRODUCTS_WRITE,
    summary="Search the catalogue as staff see it, drafts and archived products too",
    query=ManagedFilters,
    returns=Page[ManagedProduct],
    errors=[InvalidCursor, SearchUnavailable],
)
def list_managed_products(request: Request[ManagedFilters]) -> Page[ManagedProduct]:
    return search.find_page(request.query)


@api.get(
    "/categories",
    access=Access.PUBLIC,
    summary="Get the tree of categories",
    returns=list[CategoryTree],
)
def list_categories(request: Request[None]) -> list[CategoryTree]:
    return categories.list_categories()


@api.post(
    "/categories",
    scope=Scope.PRODUCTS_WRITE,
    summary="Create a category",
    description="A repeat creates nothing: no two categories have the same slug.",
    body=NewCategory,
    returns=CategoryView,
    status=201,
    errors=[CategoryExists, CategoryTreeInvalid, CategoriesContended],
)
def create_category(request: Request[NewCategory]) -> CategoryView:
    return categories.create_category(request.body)


@api.patch(
    "/categories/{slug}",
    scope=Scope.PRODUCTS_WRITE,
    summary="Rename or move a category",
    body=CategoryPatch,
    returns=CategoryView,
    errors=[CategoryNotFound, CategoryTreeInvalid, CategoriesContended],
)
def change_category(request: Request[CategoryPatch], slug: str) -> CategoryView:
    return categories.change_category(slug, request.body)


@api.delete(
    "/categories/{slug}",
    scope=Scope.PRODUCTS_WRITE,
    summary="Delete a category that neither categories nor products are in",
    status=204,
    errors=[CategoryNotFound, CategoryInUse, CategoriesContended, SearchUnavailable],
)
def delete_category(request: Request[None], slug: str) -> None:
    categories.delete_category(slug, count_products=search.count_in_category)


@api.post(
    "/products/imports",
    scope=Scope.PRODUCTS_WRITE,
    summary="Create an import of products from a CSV file",
    description=(
        "The file is sent to `upload`, then the import is started. It has the columns of the"
        " fields, or is an export of Shopify or WooCommerce."
    ),
    body=NewImport,
    returns=ImportCreated,
    status=201,
)
def create_import(request: Request[NewImport]) -> ImportCreated:
    return imports.create_import(request.body, request.caller)


@api.post(
    "/products/imports/{import_id}/start",
    scope=Scope.PRODUCTS_WRITE,
    summary="Start an import whose file is uploaded",
    description="A repeat changes nothing; an import that stands still goes on.",
    returns=ImportView,
    status=202,
    errors=[ImportNotFound, FileMissing],
)
def start_import(request: Request[None], import_id: str) -> ImportView:
    return imports.start_import(import_id)


@api.get(
    "/products/imports/{import_id}",
    scope=Scope.PRODUCTS_WRITE,
    summary="Get how far an import is, and its report",
    returns=ImportView,
    errors=[ImportNotFound],
)
def get_import(request: Request[None], import_id: str) -> ImportView:
    return imports.get_import(import_id)


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
    scope=Scope.PRODUCTS_WRITE,
    summary="Get a product as staff see it, in any status",
    returns=ManagedProduct,
    errors=[ProductNotFound],
)
def get_managed_product(request: Request[None], product_id: str) -> ManagedProduct:
    return products.get_managed_product(product_id)


@api.post(
    "/product",
    scope=Scope.PRODUCTS_WRITE,
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
    scope=Scope.PRODUCTS_WRITE,
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
    scope=Scope.PRODUCTS_WRITE,
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
    scope=Scope.PRODUCTS_WRITE,
    summary="Archive a product, or a parent with its variants",
    description="It leaves the catalogue. Reserved stock can still be sold.",
    returns=ProductArchived,
    errors=[ProductNotFound, ProductContended],
)
def archive_product(request: Request[None], product_id: str) -> ProductArchived:
    return changes.archive_product(product_id)


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
    errors=[ProductNotFound, StockNotCounted, StockChanged, StockContended],
)
def set_stock(request: Request[SetStock], product_id: str) -> StockLevel:
    return supply.set_stock(product_id, request.body, request.caller.user_id)


@api.patch(
    "/product/{product_id}/stock",
    scope=Scope.STOCK_WRITE,
    summary="Change whether a product's stock is counted, and when it is low",
    description=(
        "What is not counted is never sold out. Open reservations stay valid, and the ledger goes"
        " on adding up, whenever counting ends or starts."
    ),
    body=StockRulesPatch,
    returns=StockLevel,
    errors=[ProductNotFound, StockContended],
)
def change_stock_rules(request: Request[StockRulesPatch], product_id: str) -> StockLevel:
    return supply.change_rules(product_id, request.body, request.caller.user_id)


@api.post(
    "/product/{product_id}/stock/adjust",
    scope=Scope.STOCK_WRITE,
    summary="Add to the available stock of a product, or take from it",
    description="Needs an `Idempotency-Key`: a repeat without one would count twice.",
    body=AdjustStock,
    returns=StockLevel,
    errors=[
        *(ProductNotFound, StockNotCounted, StockOutOfRange, IdempotencyKeyReused),
        StockContended,
    ],
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


@app.on_dynamodb_record(
    stream_arn=streams.arn("Products"),
    batch_size=1000,
    starting_position="TRIM_HORIZON",
    name="on-products-stream",
)
def on_products_stream(event: DynamoDBEvent) -> None:
    """Send the keys of products that changed to the writer of the search index."""
    indexing.enqueue_changes(event)


@app.on_dynamodb_record(
    stream_arn=streams.arn("Inventory"),
    batch_size=1000,
    starting_position="TRIM_HORIZON",
    name="on-stock-stream",
)
def on_stock_stream(event: DynamoDBEvent) -> None:
    """Send on the keys of changed stocks, and the stocks that became low."""
    indexing.enqueue_changes(event)
    low_stock.enqueue_falls(event)


@app.on_sqs_message(queue="stock-low-queue", batch_size=10, name="on-stock-low")
def on_stock_low(event: SQSEvent) -> None:
    """Publish that a stock became low."""
    queues.consume(event, low_stock.publish_fall)


@app.on_dynamodb_record(
    stream_arn=streams.arn("Categories"),
    batch_size=1000,
    starting_position="TRIM_HORIZON",
    name="on-categories-stream",
)
def on_categories_stream(event: DynamoDBEvent) -> None:
    """Tell the writer of the search index that the tree of categories changed."""
    indexing.enqueue_changes(event)


# At most two at once, by the merge file. The pointer's optimistic lock keeps each one's changes.
@app.on_sqs_message(
    queue="search-index-queue",
    batch_size=100,
    maximum_batching_window_in_seconds=1,
    name="on-search-index-queue",
)
def on_search_index_queue(event: SQSEvent) -> None:
    """Write a version of the search index with all that changed."""
    indexing.apply_messages(event)


@app.on_sqs_message(queue="import-queue", batch_size=1, name="on-import-queue")
def on_import_queue(event: SQSEvent) -> None:
    """Read the file of an import, or load a part of it."""
    queues.consume(event, imports.process_message)


@app.schedule("rate(5 minutes)", name="refresh-search-index")
def refresh_search_index(event: CloudWatchEvent) -> bool:
    """Ask for a new search index if there is none, or none of today."""
    return indexing.request_rebuild_if_due()
