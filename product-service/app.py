"""Every way into the product service."""

from msgspec import to_builtins

from chalicelib.inventory.schemas import OrderedGoods, OrderNamed, ReturnedGoods, StockCount
from chalicelib.products.schemas import Changes, Draft, Filters
from common import auth, http, lazy_imports, step_input

with lazy_imports.until_first_use():
    from chalicelib.inventory import expiry
    from chalicelib.inventory import service as inventory
    from chalicelib.products import service as products

app = http.create_app("product-service")
authorizer = auth.jwt_authorizer(app)


@app.route("/products", methods=["GET"])
@app.route("/product", methods=["GET"])
def list_products():
    """The catalogue, cheapest first; public."""
    shown, cursor = products.list_products(http.query(app, Filters))
    return http.page(shown, cursor)


@app.route("/product/{product_id}", methods=["GET"])
def get_product(product_id):
    """One product and how many of it can be bought; public."""
    return products.show_product(product_id)


@app.route("/product", methods=["POST"], authorizer=authorizer)
def create_product():
    """Add a product and its first stock; admins only."""
    admin = an_admin()
    return http.created(
        products.create_product(http.body(app, Draft), admin.user_id, http.idempotency_key(app))
    )


@app.route("/product/{product_id}", methods=["PATCH"], authorizer=authorizer)
def change_product(product_id):
    """Change name, description, category or price; admins only."""
    an_admin()
    return products.change_product(product_id, http.body(app, Changes))


@app.route("/product/{product_id}", methods=["DELETE"], authorizer=authorizer)
def archive_product(product_id):
    """Take a product out of the catalogue; admins only."""
    an_admin()
    return products.archive_product(product_id)


@app.route("/product/{product_id}/stock", methods=["PUT"], authorizer=authorizer)
def set_stock(product_id):
    """Say how many can be bought; admins only."""
    an_admin()
    return inventory.set_stock(product_id, http.body(app, StockCount).stock)


@app.lambda_function(name="check-inventory")
def check_inventory(event, context):
    """Saga step CheckInventory: reserve; undone by release-inventory."""
    step = step_input.parse(OrderedGoods, event)
    return to_builtins(inventory.reserve(step.order_id, step.items))


@app.lambda_function(name="update-inventory")
def update_inventory(event, context):
    """Saga step UpdateInventory: commit; undone by release-inventory."""
    step = step_input.parse(OrderedGoods, event)
    return to_builtins(inventory.commit(step.order_id, step.items))


@app.lambda_function(name="release-inventory")
def release_inventory(event, context):
    """Undoes check-inventory and update-inventory, whether or not they took place."""
    return to_builtins(inventory.release(step_input.parse(OrderNamed, event).order_id))


@app.lambda_function(name="return-inventory")
def return_inventory(event, context):
    """Restocks what comes back of an order that was bought, once for each refund."""
    step = step_input.parse(ReturnedGoods, event)
    return to_builtins(inventory.return_goods(step.order_id, step.refund_id, step.items))


@app.schedule("rate(1 minute)", name="expire-reservations")
def expire_reservations(event):
    """Give back what was reserved for too long."""
    return to_builtins(expiry.expire_overdue())


def an_admin() -> auth.Caller:
    """Who is calling, if it is an admin; AdminOnly otherwise."""
    who = auth.caller(app)
    auth.require_admin(who)
    return who
