"""The entry points of cart-service: routes, a saga step and queue consumers."""

from chalice.app import SQSEvent

from chalicelib.carts.errors import (
    CartFull,
    CartItemNotFound,
    CartNotFound,
    CartUnavailable,
    GuestCartMerged,
    GuestCartMissing,
    IdempotencyKeyReused,
    ProductNotFound,
    TooManyOfProduct,
)
from chalicelib.carts.schemas import (
    GUEST_CART,
    AddToCart,
    CartCleared,
    CartEmptied,
    CartLine,
    CartMergeResult,
    CartOwnerQuery,
    CartQuery,
    CartUpdate,
    ClearCart,
    MergeCarts,
    NewGuestCart,
    SetQuantity,
)
from common import auth, events, ids, lazy_imports, queues, step_input
from common.api import Api, Request
from common.pages import InvalidCursor, Page
from common.routes import Access

with lazy_imports.until_first_use():
    from chalicelib.carts import clearing, guests, merging, service

api = Api("cart-service", cors_headers=[GUEST_CART.name])
app, authorizer = api.app, api.authorizer

_ADDING = [
    ids.InvalidId,
    ProductNotFound,
    TooManyOfProduct,
    CartFull,
    IdempotencyKeyReused,
    CartUnavailable,
]
_OWNER = [auth.NotYours, ids.InvalidId]
_READING = [InvalidCursor, CartUnavailable]
_GUEST = [GuestCartMissing, CartNotFound, GuestCartMerged]


@api.post(
    "/cart",
    summary="Add a product to the cart",
    body=AddToCart,
    returns=CartUpdate,
    errors=[*_ADDING, *_OWNER],
    idempotency_key=True,
)
def add_to_cart(request: Request[AddToCart]) -> CartUpdate:
    owner = auth.acting_for(request.caller, request.body.user_id)
    return service.add_item(owner, request.body, request.idempotency_key)


@api.get(
    "/cart",
    summary="List the cart's lines at today's prices",
    description="All of them, or page by page with `limit` and `cursor`.",
    query=CartQuery,
    returns=Page[CartLine],
    errors=[*_READING, *_OWNER],
)
def get_cart(request: Request[CartQuery]) -> Page[CartLine]:
    owner = auth.acting_for(request.caller, request.query.user_id)
    is_owner = owner == request.caller.user_id
    return service.list_lines(owner, request.query, for_owner=is_owner)


@api.patch(
    "/cart/{product_id}",
    summary="Set the quantity of a product in the cart",
    body=SetQuantity,
    returns=CartUpdate,
    errors=[CartItemNotFound, *_OWNER],
)
def set_cart_quantity(request: Request[SetQuantity], product_id: str) -> CartUpdate:
    owner = auth.acting_for(request.caller, request.body.user_id)
    return service.set_quantity(owner, product_id, request.body.quantity)


@api.delete(
    "/cart/{product_id}",
    summary="Remove a product from the cart",
    query=CartOwnerQuery,
    returns=CartUpdate,
    errors=_OWNER,
)
def remove_from_cart(request: Request[CartOwnerQuery], product_id: str) -> CartUpdate:
    owner = auth.acting_for(request.caller, request.query.user_id)
    return service.remove_item(owner, product_id)


@api.delete(
    "/cart",
    summary="Empty the cart",
    query=CartOwnerQuery,
    returns=CartEmptied,
    errors=[CartUnavailable, *_OWNER],
)
def empty_cart(request: Request[CartOwnerQuery]) -> CartEmptied:
    return service.empty_cart(auth.acting_for(request.caller, request.query.user_id))


@api.post(
    "/cart/merge",
    summary="Merge a guest's cart into the account's cart",
    description="Each item is moved once, however often the request is repeated.",
    body=MergeCarts,
    returns=CartMergeResult,
    errors=[
        GuestCartMissing,
        CartNotFound,
        IdempotencyKeyReused,
        CartUnavailable,
        *_OWNER,
    ],
    idempotency_key=True,
    headers=[GUEST_CART],
)
def merge_carts(request: Request[MergeCarts]) -> CartMergeResult:
    owner = auth.acting_for(request.caller, request.body.user_id)
    return merging.merge_carts(owner, _guest_id(request), request.idempotency_key)


@api.post(
    "/cart/guest",
    access=Access.PUBLIC,
    summary="Create a cart without an account",
    description="The response holds the secret that opens the cart, this once.",
    returns=NewGuestCart,
    status=201,
)
def create_guest_cart(request: Request[None]) -> NewGuestCart:
    return guests.create_guest_cart()


@api.post(
    "/cart/guest/items",
    access=Access.PUBLIC,
    summary="Add a product to a guest's cart",
    body=AddToCart,
    returns=CartUpdate,
    errors=[*_ADDING, *_GUEST],
    idempotency_key=True,
    headers=[GUEST_CART],
)
def add_to_guest_cart(request: Request[AddToCart]) -> CartUpdate:
    guest = guests.get_open_cart(_guest_id(request))
    return service.add_item(guest.user_id, request.body, request.idempotency_key, guest)


@api.get(
    "/cart/guest",
    access=Access.PUBLIC,
    summary="List the lines of a guest's cart at today's prices",
    query=CartQuery,
    returns=Page[CartLine],
    errors=[*_READING, *_GUEST],
    headers=[GUEST_CART],
)
def get_guest_cart(request: Request[CartQuery]) -> Page[CartLine]:
    guest = guests.get_open_cart(_guest_id(request))
    return service.list_lines(guest.user_id, request.query)


@api.patch(
    "/cart/guest/items/{product_id}",
    access=Access.PUBLIC,
    summary="Set the quantity of a product in a guest's cart",
    body=SetQuantity,
    returns=CartUpdate,
    errors=[CartItemNotFound, *_GUEST],
    headers=[GUEST_CART],
)
def set_guest_cart_quantity(request: Request[SetQuantity], product_id: str) -> CartUpdate:
    guest = guests.get_open_cart(_guest_id(request))
    return service.set_quantity(guest.user_id, product_id, request.body.quantity)


@api.delete(
    "/cart/guest/items/{product_id}",
    access=Access.PUBLIC,
    summary="Remove a product from a guest's cart",
    returns=CartUpdate,
    errors=_GUEST,
    headers=[GUEST_CART],
)
def remove_from_guest_cart(request: Request[None], product_id: str) -> CartUpdate:
    return service.remove_item(guests.get_open_cart(_guest_id(request)).user_id, product_id)


@api.delete(
    "/cart/guest",
    access=Access.PUBLIC,
    summary="Empty a guest's cart",
    description="The secret goes on opening the cart.",
    returns=CartEmptied,
    errors=[CartUnavailable, *_GUEST],
    headers=[GUEST_CART],
)
def empty_guest_cart(request: Request[None]) -> CartEmptied:
    return service.empty_cart(guests.get_open_cart(_guest_id(request)).user_id)


@api.function("clear-cart", takes=ClearCart, returns=CartCleared)
def clear_cart(request: ClearCart) -> CartCleared:
    """Saga step ClearCart: remove what was ordered. Not undone."""
    return clearing.remove_ordered_items(request)


@app.on_sqs_message(queue="cart-clear-queue", name="on-clear-cart", batch_size=10)
def on_clear_cart(event: SQSEvent) -> None:
    """Retry what the saga's step clear-cart could not do."""
    queues.consume(
        event, lambda message: clearing.remove_ordered_items(step_input.parse(ClearCart, message))
    )


@app.on_sqs_message(queue="account-deleted-cart-queue", name="on-account-deleted", batch_size=10)
def on_account_deleted(event: SQSEvent) -> None:
    """Erase the cart of a deleted account."""
    queues.consume(
        event,
        lambda message: service.erase_cart(events.parse(events.AccountDeleted, message).user_id),
    )


def _guest_id(request: Request[object]) -> str:
    """The owner of the guest's cart. Its secret is in a header: URLs are logged."""
    return guests.owner_id(request.headers.get(GUEST_CART.name))
