"""Every way into the cart service."""

from msgspec import to_builtins

from chalicelib.carts.schemas import (
    GUEST_HEADER,
    AddToCart,
    CartQuery,
    ClearCart,
    MergeCart,
    OwnerQuery,
    SetQuantity,
)
from common import auth, events, http, lazy_imports, queues, step_input

with lazy_imports.until_first_use():
    from chalicelib.carts import guests, merging, purchases, service

app = http.create_app("cart-service", headers=[GUEST_HEADER])
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


@app.route("/cart/merge", methods=["POST"], authorizer=authorizer)
def merge_carts():
    """Put what a guest's cart holds into the cart of the account that the guest logged in to: once, however often asked."""
    owner = _owner(http.body(app, MergeCart).user_id)
    return merging.merge(owner, _guest_id(), http.idempotency_key(app))


@app.route("/cart/guest", methods=["POST"])
def create_guest_cart():
    """A cart for somebody without an account, and the secret that opens it."""
    return http.created(guests.create())


@app.route("/cart/guest/items", methods=["POST"])
def add_to_guest_cart():
    """As add_to_cart."""
    guest, wanted = guests.find_open(_guest_id()), http.body(app, AddToCart)
    return service.add_item(guest.user_id, wanted, http.idempotency_key(app), guest)


@app.route("/cart/guest", methods=["GET"])
def get_guest_cart():
    """As get_cart."""
    guest, query = guests.find_open(_guest_id()), http.query(app, CartQuery)
    lines, cursor = service.show_cart(guest.user_id, query.limit, query.cursor)
    return http.page(lines, cursor)


@app.route("/cart/guest/items/{product_id}", methods=["PATCH"])
def set_quantity_for_guest(product_id):
    """As set_quantity."""
    guest, wanted = guests.find_open(_guest_id()), http.body(app, SetQuantity)
    return service.set_quantity(guest.user_id, product_id, wanted.quantity)


@app.route("/cart/guest/items/{product_id}", methods=["DELETE"])
def remove_from_guest_cart(product_id):
    """As remove_from_cart."""
    return service.remove_item(guests.find_open(_guest_id()).user_id, product_id)


@app.route("/cart/guest", methods=["DELETE"])
def empty_guest_cart():
    """As empty_cart; the secret goes on opening it."""
    return service.empty_cart(guests.find_open(_guest_id()).user_id)


@app.lambda_function(name="clear-cart")
def clear_cart(event, context):
    """Saga step ClearCart: take out what was bought. Nothing undoes it; it only runs once the order is confirmed."""
    return to_builtins(purchases.clear_bought(step_input.parse(ClearCart, event)))


@app.on_sqs_message(queue="cart-clear-queue", name="on-clear-cart", batch_size=10)
def on_clear_cart(event):
    """Clearings that failed in the saga, tried again."""
    queues.consume(
        event, lambda message: purchases.clear_bought(step_input.parse(ClearCart, message))
    )


@app.on_sqs_message(queue="account-deleted-cart-queue", name="on-account-deleted", batch_size=10)
def on_account_deleted(event):
    """A customer closed the account: nothing of the cart stays."""
    queues.consume(
        event, lambda message: service.erase(events.parse(events.AccountDeleted, message).user_id)
    )


def _owner(user_id):
    """Whose cart is meant: the caller's, or for an admin anybody's."""
    return auth.acting_for(auth.caller(app), user_id)


def _guest_id():
    """Which guest's cart is meant: the one that the secret in the header opens. No URL holds it, as URLs get logged."""
    request = app.current_request
    assert request is not None, "only a route has a request"
    return guests.owner(request.headers.get(GUEST_HEADER))
