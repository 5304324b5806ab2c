"""What customers do with their carts, and guests with theirs: a `user_id` is USER#... of an account or GUEST#... of a guest."""

import hashlib
import random
import time
from typing import Any

from pynamodb.exceptions import UpdateError
from pynamodb.expressions.update import Action

from chalicelib.carts import batches, catalogue, guests
from chalicelib.carts.catalogue import Product
from chalicelib.carts.errors import (
    CartFull,
    CartItemNotFound,
    CartUnavailable,
    IdempotencyKeyReused,
    TooManyOfProduct,
)
from chalicelib.carts.models import PRODUCT_PREFIX, CartItem, Done, GuestCart
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
from common.transactions import TransactionCancelled, TransactionContended

REMEMBERED_SECONDS = 7 * 24 * 3600
_TRIES = 12
_PAUSE_SECONDS = 0.01


def add_item(
    user_id: str, wanted: AddToCart, idempotency_key: str | None, guest: GuestCart | None = None
) -> CartUpdate:
    """Put more of a product into the cart; undone by set_quantity or remove_item.

    Safe to repeat with its idempotency key, which gives the first answer again. Raises ProductNotFound, TooManyOfProduct, CartFull,
    IdempotencyKeyReused, and CartUnavailable while too many others change the same item; then nothing was changed. A
    guest's cart, given as `guest`, takes it only while it is open: GuestCartMerged or CartNotFound.
    """
    product_id = ids.parse("PROD", wanted.product_id)
    for attempt in range(_TRIES):
        if idempotency_key and (
            earlier := Done.find(user_id, Done.key_of_request(idempotency_key))
        ):
            return _same_answer(earlier, product_id, wanted.quantity)
        catalogue.require_on_sale(product_id)
        try:
            return _add(user_id, product_id, wanted.quantity, idempotency_key, guest)
        except TransactionCancelled:
            # Somebody else changed the item since it was read, did the same request at the same time, or merged: look again.
            if guest:
                guests.find_open(guest.user_id)
            time.sleep(random.uniform(0, _PAUSE_SECONDS * (attempt + 1)))
        except TransactionContended:
            break
    raise CartUnavailable("too many changes to this cart at the same time; try again in a moment")


def list_lines(user_id: str, query: CartQuery) -> Page[CartLine]:
    """List the cart's lines by product id; without a limit all of them.

    Raises: InvalidCursor; CartUnavailable if the products cannot all be read.
    """
    # One more tells whether there is another page.
    count = None if query.limit is None else query.limit + 1
    found = items(user_id, limit=count, last_evaluated_key=_start(user_id, query.cursor))
    shown = found[: query.limit]
    products = catalogue.described(item.product_id for item in shown)
    next_key = {"productId": {"S": shown[-1].product_id}} if len(found) > len(shown) else None
    lines = [_line(item, products.get(item.product_id)) for item in shown]
    return Page(lines, encode_cursor(next_key))


def set_quantity(user_id: str, product_id: str, quantity: int) -> CartUpdate:
    """Let so many of the product be in the cart; CartItemNotFound if there is none.

    Safe to repeat: the same quantity again leaves even `updatedAt` alone, so that a checkout begun before goes on.
    """
    product_id = ids.parse("PROD", product_id)
    differs = CartItem.product_id.exists() & (CartItem.qty != quantity)
    try:
        CartItem(user_id, product_id).update(
            [CartItem.qty.set(quantity), CartItem.updated_at.set(clock.now())], condition=differs
        )
    except UpdateError as problem:
        if not dynamodb.is_condition_failure(problem):
            raise
        if not _quantity(user_id, product_id):
            raise CartItemNotFound(f"{product_id} is not in the cart") from None
    return CartUpdate(message="Cart updated", product_id=product_id, qty=quantity)


def remove_item(user_id: str, product_id: str) -> CartUpdate:
    """Take a product out of the cart; safe to repeat."""
    product_id = ids.parse("PROD", product_id)
    CartItem(user_id, product_id).delete()
    return CartUpdate(message="Removed from cart", product_id=product_id, qty=0)


def empty_cart(user_id: str) -> CartEmptied:
    """Take everything out of the cart; safe to repeat, and to be repeated after CartUnavailable."""
    keys = [{"userId": user_id, "productId": item.product_id} for item in items(user_id)]
    batches.delete(CartItem, keys)
    return CartEmptied(message="Cart emptied")


def erase(user_id: str) -> None:
    """Delete all that is kept under a deleted account's id, what was done with the cart included; safe to repeat, as `empty_cart`.

    The repeat of a clearing that was forgotten so finds an empty cart.
    """
    keys = [
        {"userId": user_id, "productId": row.product_id}
        for row in CartItem.query(user_id, consistent_read=True)
    ]
    batches.delete(CartItem, keys)


def items(user_id: str, **part: Any) -> list[CartItem]:
    """What is in the cart as of now, by product id; all of it, or the part that a query's arguments name."""
    products = CartItem.product_id.startswith(PRODUCT_PREFIX)
    return list(CartItem.query(user_id, products, consistent_read=True, **part))


def room(user_id: str) -> int:
    """How many products more the cart takes: a few too many, while others are being put in at the same moment."""
    products = CartItem.product_id.startswith(PRODUCT_PREFIX)
    return MAX_PRODUCTS - CartItem.count(
        user_id, products, consistent_read=True, limit=MAX_PRODUCTS
    )


def addition(
    user_id: str, product_id: str, before: int, after: int, expires_at: int | None = None
) -> transactions.Operation:
    """The part of a transaction that makes `before` of a product, as it was read, into `after`."""
    now = clock.now()
    actions: list[Action] = [
        CartItem.qty.set(after),
        CartItem.updated_at.set(now),
        CartItem.added_at.set(CartItem.added_at | now),
    ]
    if expires_at:
        actions.append(CartItem.expires_at.set(expires_at))
    unchanged = CartItem.qty == before if before else CartItem.product_id.does_not_exist()
    return transactions.update(CartItem(user_id, product_id), actions, unchanged)


def _add(
    user_id: str,
    product_id: str,
    quantity: int,
    idempotency_key: str | None,
    guest: GuestCart | None,
) -> CartUpdate:
    """Add once; TransactionCancelled if the item changed, the key was used, or the cart was closed meanwhile."""
    before = _quantity(user_id, product_id)
    after = before + quantity
    if after > MAX_QUANTITY:
        raise TooManyOfProduct(
            f"quantity: a cart holds at most {MAX_QUANTITY} of a product, and {before} of {product_id} are in it"
        )
    if not before and room(user_id) < 1:
        raise CartFull(f"a cart holds at most {MAX_PRODUCTS} different products")
    change = addition(user_id, product_id, before, after, int(guest.expires_at) if guest else None)
    checks = [guests.still_open(guest)] if guest else []
    # Also without a key in a transaction: its token keeps the SDK's own repeats from adding twice.
    remembered = _remembered(user_id, product_id, quantity, after, idempotency_key)
    transactions.write(change, *checks, *remembered)
    return _added(product_id, after)


def _remembered(
    user_id: str, product_id: str, quantity: int, after: int, idempotency_key: str | None
) -> list[transactions.Operation]:
    if idempotency_key is None:
        return []
    row = Done(
        user_id,
        Done.key_of_request(idempotency_key),
        body_hash=_hash(product_id, quantity),
        qty=after,
        expires_at=clock.epoch() + REMEMBERED_SECONDS,
    )
    return [transactions.put(row, Done.key.does_not_exist())]


def _same_answer(earlier: Done, product_id: str, quantity: int) -> CartUpdate:
    if earlier.body_hash != _hash(product_id, quantity):
        raise IdempotencyKeyReused("Idempotency-Key: used before, for something else")
    return _added(product_id, int(earlier.qty or 0))


def _added(product_id: str, qty: int) -> CartUpdate:
    return CartUpdate(message="Added to cart", product_id=product_id, qty=qty)


def _hash(product_id: str, quantity: int) -> str:
    return hashlib.sha256(f"{quantity} {product_id}".encode()).hexdigest()


def _quantity(user_id: str, product_id: str) -> int:
    try:
        return int(CartItem.get(user_id, product_id, consistent_read=True).qty)
    except CartItem.DoesNotExist:
        return 0


def _start(user_id: str, cursor: str | None) -> dict[str, dict[str, str]] | None:
    """Where to read on. A cursor holds only a product id: it cannot lead into anybody else's cart."""
    key = decode_cursor(cursor)
    if key is None:
        return None
    try:
        product_id = ids.parse("PROD", key["productId"]["S"])
    except (KeyError, ids.InvalidId):
        raise InvalidCursor("cursor: expected the X-Next-Cursor of an earlier page") from None
    return {"userId": {"S": user_id}, "productId": {"S": product_id}}


def _line(item: CartItem, product: Product | None) -> CartLine:
    line = CartLine(product_id=item.product_id, qty=int(item.qty))
    if product:
        price = int(product.price_minor)
        line.name, line.currency, line.available = (
            product.name,
            product.currency,
            product.is_on_sale,
        )
        line.price = money.decimal(price, product.currency)
        line.line_total = money.decimal(price * line.qty, product.currency)
    return line
