"""Every way into the cart service."""

from msgspec import to_builtins

from chalicelib.carts import purchases, service
from chalicelib.carts.schemas import AddToCart, CartQuery, ClearCart, OwnerQuery, SetQuantity
from common import auth, http, queues, steps

app = http.create_app("cart-service")
authorizer = auth.jwt_authorizer(app)


@app.route("/cart", methods=["POST"], authorizer=authorizer)
def add_to_cart():
    """Put some of a product into the cart; repeated with its Idempotency-Key it adds nothing."""
    wanted = http.body(app, AddToCart)
    return service.add_item(_owner(wanted.user_id), wanted, http.idempotency_key(app))


@app.route("/cart", methods=["GET"], authorizer=authorizer)
def get_cart():
    """What is in the cart, at today's prices: all of it, or page by page with ?limit= and ?cursor=."""
    query = http.query(app, CartQuery)
    lines, cursor = service.show_cart(_owner(query.user_id), query.limit, query.cursor)
    return http.page(lines, cursor)


@app.route("/cart/{product_id}", methods=["PATCH"], authorizer=authorizer)
def set_quantity(product_id):
    """Change how many of a product are in the cart."""
    wanted = http.body(app, SetQuantity)
    return service.set_quantity(_owner(wanted.user_id), product_id, wanted.quantity)


@app.route("/cart/{product_id}", methods=["DELETE"], authorizer=authorizer)
def remove_from_cart(product_id):
    """Take a product out of the cart, however many there are."""
    return service.remove_item(_owner(http.query(app, OwnerQuery).user_id), product_id)


@app.route("/cart", methods=["DELETE"], authorizer=authorizer)
def empty_cart():
    """Take everything out of the cart."""
    return service.empty_cart(_owner(http.query(app, OwnerQuery).user_id))


@app.lambda_function(name="clear-cart")
def clear_cart(event, context):
    """Saga step ClearCart: take out what was bought. Nothing undoes it; it only runs once the order is confirmed."""
    return to_builtins(purchases.clear_bought(steps.step(ClearCart, event)))


@app.on_sqs_message(queue="cart-clear-queue", name="on-clear-cart", batch_size=10)
def on_clear_cart(event):
    """Clearings that failed in the saga, tried again."""
    queues.consume(event, lambda message: purchases.clear_bought(steps.step(ClearCart, message)))


def _owner(user_id):
    """Whose cart is meant: the caller's, or for an admin anybody's."""
    return auth.acting_for(auth.caller(app), user_id)
