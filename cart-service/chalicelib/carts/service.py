"""The verbs of a cart. Its owner `user_id` is USER#... or GUEST#...."""

from chalicelib.carts import batches, guests, idempotency, items, readmodels
from chalicelib.carts.errors import (
    CartFull,
    CartItemNotFound,
    CartUnavailable,
    TooManyOfProduct,
)
from chalicelib.carts.models import CartItem, GuestCart
from chalicelib.carts.readmodels import Product
from chalicelib.carts.schemas import (
    MAX_PRODUCTS,
    MAX_QUANTITY,
    AddToCart,
    CartEmptied,
    CartLine,
    CartQuery,
    CartUpdate,
)
from common import clock, dynamodb, ids, money, transactions
from common.pages import InvalidCursor, Page, decode_cursor, encode_cursor
from common.retry import RetryPolicy
from common.transactions import TransactionCancelled, TransactionContended

_CONFLICT_RETRIES = RetryPolicy(tries=12, pause_seconds=0.01, max_pause_seconds=0.12)


def add_item(
    user_id: str, request: AddToCart, idempotency_key: str | None, guest: GuestCart | None = None
) -> CartUpdate:
    """Add a quantity of a product. A guest's cart, passed as `guest`, must be open.

    Idempotent by key: a repeat gets the first response. Undone by `set_quantity`, `remove_item`.

    Raises: ProductNotFound, TooManyOfProduct, CartFull, IdempotencyKeyReused, GuestCartMerged,
    CartNotFound; CartUnavailable under contention. Nothing is changed then.
    """
    product_id = ids.parse("PROD", request.product_id)
    for _ in _CONFLICT_RETRIES.attempts():
        record = idempotency.find_record(
            user_id, idempotency_key, _request_text(product_id, request.quantity)
        )
        if record is not None:
            return _added(product_id, record.qty or 0)
        product = readmodels.get_on_sale(product_id)
        try:
            return _write_increment(user_id, product, request.quantity, idempotency_key, guest)
        except TransactionCancelled:
            # The item or the guest's cart changed since it was read, or a repeat was faster.
            if guest:
                guests.get_open_cart(guest.user_id)
        except TransactionContended:
            break
    raise CartUnavailable("too many changes to this cart at the same time; try again in a moment")


def list_lines(user_id: str, query: CartQuery, for_owner: bool = True) -> Page[CartLine]:
    """List the cart's lines by product id. Without a limit all of them.

    What its owner is shown is recorded: nothing is sold for more than that.

    Raises: InvalidCursor; CartUnavailable if the products cannot all be read.
    """
    # One more tells whether there is another page.
    count = None if query.limit is None else query.limit + 1
    start = _start_key(user_id, query.cursor)
    stored = items.list_items(user_id, limit=count, last_evaluated_key=start)
    page = stored[: query.limit]
    products = readmodels.find_products(item.product_id for item in page)
    next_key = {"productId": {"S": page[-1].product_id}} if len(stored) > len(page) else None
    if for_owner:
        prices = {name: product.price_minor for name, product in products.items()}
        items.record_shown_prices(page, prices)
    lines = [_cart_line(item, products.get(item.product_id)) for item in page]
    return Page(lines, encode_cursor(next_key))


def set_quantity(user_id: str, product_id: str, quantity: int) -> CartUpdate:
    """Set the quantity of a product that is in the cart.

    Idempotent: setting the present quantity does not touch `updatedAt`, so that a checkout in
    progress stays valid.

    Raises: CartItemNotFound.
    """
    product_id = ids.parse("PROD", product_id)
    is_other = CartItem.product_id.exists() & (CartItem.qty != quantity)
    actions = [CartItem.qty.set(quantity), CartItem.updated_at.set(clock.now())]
    is_changed = dynamodb.update_if(CartItem(user_id, product_id), actions, is_other)
    if not is_changed and not items.get_quantity(user_id, product_id):
        raise CartItemNotFound(f"{product_id} is not in the cart")
    return CartUpdate(message="Cart updated", product_id=product_id, qty=quantity)


def remove_item(user_id: str, product_id: str) -> CartUpdate:
    """Remove a product from the cart. Idempotent."""
    product_id = ids.parse("PROD", product_id)
    CartItem(user_id, product_id).delete()
    return CartUpdate(message="Removed from cart", product_id=product_id, qty=0)


def empty_cart(user_id: str) -> CartEmptied:
    """Remove all items. Idempotent.

    Raises: CartUnavailable, which may leave some items.
    """
    products = [item.product_id for item in items.list_items(user_id)]
    batches.delete(CartItem, [{"userId": user_id, "productId": each} for each in products])
    return CartEmptied(message="Cart emptied")


def erase_cart(user_id: str) -> None:
    """Delete all rows of a deleted account's cart, with its idempotency records.

    Idempotent.

    A clearing that is repeated after that finds an empty cart.
    """
    rows = CartItem.query(user_id, consistent_read=True)
    keys = [{"userId": user_id, "productId": row.product_id} for row in rows]
    batches.delete(CartItem, keys)


def _write_increment(
    user_id: str,
    product: Product,
    quantity: int,
    idempotency_key: str | None,
    guest: GuestCart | None,
) -> CartUpdate:
    """Add once.

    Raises: TransactionCancelled if item, key or guest's cart changed concurrently.
    """
    product_id = product.product_id
    before = items.get_quantity(user_id, product_id)
    after = before + quantity
    _require_capacity(user_id, product_id, before, after)
    expires_at = guest.expires_at if guest else None
    # A transaction also without a key: its token keeps the SDK's retries from adding twice.
    transactions.write(
        items.increment_op(user_id, product_id, before, after, product.price_minor, expires_at),
        *([guests.open_check_op(guest)] if guest else []),
        *idempotency.record_ops(
            user_id, idempotency_key, _request_text(product_id, quantity), qty=after
        ),
    )
    return _added(product_id, after)


def _require_capacity(user_id: str, product_id: str, before: int, after: int) -> None:
    if after > MAX_QUANTITY:
        raise TooManyOfProduct(
            f"quantity: a cart holds at most {MAX_QUANTITY} of a product,"
            f" and {before} of {product_id} are in it"
        )
    if not before and items.remaining_capacity(user_id) < 1:
        raise CartFull(f"a cart holds at most {MAX_PRODUCTS} different products")


def _request_text(product_id: str, quantity: int) -> str:
    """What makes two requests the same."""
    return f"{quantity} {product_id}"


def _added(product_id: str, qty: int) -> CartUpdate:
    return CartUpdate(message="Added to cart", product_id=product_id, qty=qty)


def _start_key(user_id: str, cursor: str | None) -> dict[str, dict[str, str]] | None:
    """Where to read on. A cursor holds a product id, which opens no other cart."""
    key = decode_cursor(cursor)
    if key is None:
        return None
    try:
        product_id = ids.parse("PROD", key["productId"]["S"])
    except (KeyError, ids.InvalidId):
        raise InvalidCursor("cursor: expected the X-Next-Cursor of an earlier page") from None
    return {"userId": {"S": user_id}, "productId": {"S": product_id}}


def _cart_line(item: CartItem, product: Product | None) -> CartLine:
    line = CartLine(product_id=item.product_id, qty=item.qty)
    if product:
        line.name, line.currency = product.name, product.currency
        line.available = product.is_on_sale
        line.price = money.decimal(product.price_minor, product.currency)
        line.line_total = money.decimal(product.price_minor * item.qty, product.currency)
    return line
