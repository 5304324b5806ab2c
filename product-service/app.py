"""The entry points of product-service: routes, saga steps and a schedule."""

from typing import Any

from chalice import Response
from chalice.app import CloudWatchEvent
from msgspec import to_builtins

from chalicelib.inventory.schemas import (
    OrderInput,
    OrderItemsInput,
    ReturnInput,
    SetStock,
    StockLevel,
)
from chalicelib.products.schemas import (
    NewProduct,
    ProductArchived,
    ProductFilters,
    ProductPatch,
    ProductView,
    ProductWithStock,
)
from common import auth, http, lazy_imports, step_input

with lazy_imports.until_first_use():
    from chalicelib.inventory import expiry
    from chalicelib.inventory import service as inventory
    from chalicelib.products import service as products

app = http.create_app("product-service")
authorizer = auth.jwt_authorizer(app)


@app.route("/products", methods=["GET"])
@app.route("/product", methods=["GET"])
def list_products() -> Response:
    """List the catalogue, cheapest first; public."""
    page, cursor = products.list_products(http.query(app, ProductFilters))
    return http.page(page, cursor)


@app.route("/product/{product_id}", methods=["GET"])
def get_product(product_id: str) -> ProductWithStock:
    """Return a product and the quantity that can be bought; public."""
    return products.get_product(product_id)


@app.route("/product", methods=["POST"], authorizer=authorizer)
def create_product() -> Response:
    """Create a product and its first stock; admins only."""
    admin = _require_admin()
    request = http.body(app, NewProduct)
    return http.created(products.create_product(request, admin.user_id, http.idempotency_key(app)))


@app.route("/product/{product_id}", methods=["PATCH"], authorizer=authorizer)
def change_product(product_id: str) -> ProductView:
    """Change name, description, category or price; admins only."""
    _require_admin()
    return products.change_product(product_id, http.body(app, ProductPatch))


@app.route("/product/{product_id}", methods=["DELETE"], authorizer=authorizer)
def archive_product(product_id: str) -> ProductArchived:
    """Archive a product: it leaves the catalogue for good; admins only."""
    _require_admin()
    return products.archive_product(product_id)


@app.route("/product/{product_id}/stock", methods=["PUT"], authorizer=authorizer)
def set_stock(product_id: str) -> StockLevel:
    """Set the available stock; admins only."""
    _require_admin()
    return inventory.set_stock(product_id, http.body(app, SetStock).stock)


@app.lambda_function(name="check-inventory")
def check_inventory(event: Any, context: Any) -> Any:
    """Saga step CheckInventory: reserve stock. Undone by release-inventory."""
    request = step_input.parse(OrderItemsInput, event)
    return to_builtins(inventory.reserve(request.order_id, request.items))


@app.lambda_function(name="update-inventory")
def update_inventory(event: Any, context: Any) -> Any:
    """Saga step UpdateInventory: commit stock. Undone by release-inventory."""
    request = step_input.parse(OrderItemsInput, event)
    return to_builtins(inventory.commit(request.order_id, request.items))


@app.lambda_function(name="release-inventory")
def release_inventory(event: Any, context: Any) -> Any:
    """Undo check-inventory and update-inventory, whether or not they took place."""
    request = step_input.parse(OrderInput, event)
    return to_builtins(inventory.release(request.order_id))


@app.lambda_function(name="return-inventory")
def return_inventory(event: Any, context: Any) -> Any:
    """Restock returned goods of a committed order, once for each refund."""
    request = step_input.parse(ReturnInput, event)
    return to_builtins(inventory.return_goods(request.order_id, request.refund_id, request.items))


@app.schedule("rate(1 minute)", name="expire-reservations")
def expire_reservations(event: CloudWatchEvent) -> Any:
    """Expire reservations that were not committed in time."""
    return to_builtins(expiry.expire_reservations())


def _require_admin() -> auth.Caller:
    """Return the caller; raises AdminOnly unless it is an admin."""
    caller = auth.caller(app)
    auth.require_admin(caller)
    return caller
