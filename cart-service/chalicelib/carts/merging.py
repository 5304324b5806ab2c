"""Merging a guest's cart into the account's after login.

First the guest's cart is closed: from then on nothing is added to it. Then its items move in
transactions: each leaves the guest's cart, enters the account's, and leaves a MergedItem with the
result. A concurrent or repeated merge finds the items that are left, and continues.
"""

from collections.abc import Iterator, Sequence

from chalicelib.carts import batches, guests, idempotency, readmodels
from chalicelib.carts.errors import (
    CartFull,
    CartUnavailable,
    ProductNotFound,
    TooManyOfProduct,
)
from chalicelib.carts.items import increment_op, list_items, remaining_capacity
from chalicelib.carts.models import MERGED, MERGED_PREFIX, OPEN, CartItem, GuestCart, MergedItem
from chalicelib.carts.readmodels import Product
from chalicelib.carts.schemas import MAX_QUANTITY, CartMergeResult, MergedCartItem, SkippedCartItem
from common import clock, transactions
from common.retry import RetryPolicy
from common.transactions import Operation, TransactionCancelled, TransactionContended

_MAX_ITEMS = 33  # three operations an item, at most 100 in a transaction
_CONFLICT_RETRIES = RetryPolicy(tries=12, pause_seconds=0.01, max_pause_seconds=0.12)


def merge_carts(user_id: str, guest_id: str, idempotency_key: str | None) -> CartMergeResult:
    """Move the guest's items to the account's cart, as far as it takes them.

    Not undone.

    Idempotent, with or without a key, also concurrently: each item moves once, and the response
    is the same for as long as a key is kept.

    Raises: CartNotFound, also if another account has the cart; IdempotencyKeyReused;
    CartUnavailable under contention: some items may have moved, and a repeat moves the rest.
    """
    for _ in _CONFLICT_RETRIES.attempts():
        try:
            guest = _close_guest_cart(user_id, guest_id, idempotency_key)
            _move_items(user_id, guest)
            return _merge_response(guest_id)
        except TransactionCancelled:
            continue  # the account's cart changed since it was read, or another merge runs
        except TransactionContended:
            break
    raise CartUnavailable("too many changes to this cart at the same time; try again in a moment")


def _close_guest_cart(user_id: str, guest_id: str, idempotency_key: str | None) -> GuestCart:
    """Return the guest's cart, closed for this account: now, or by an earlier request.

    Raises: TransactionCancelled if a concurrent request was faster.
    """
    request = f"merge {guest_id}"
    record = idempotency.find_record(user_id, idempotency_key, request)
    operations = [] if record else idempotency.record_ops(user_id, idempotency_key, request)
    guest = guests.get_guest_cart(guest_id)
    if guest.status == OPEN:
        guest.status, guest.merged_into = MERGED, user_id
        guest.expires_at = clock.epoch() + idempotency.RECORD_SECONDS
        operations.append(transactions.put(guest, guests.is_open()))
    if guest.merged_into != user_id:
        raise guests.cart_not_found()
    if operations:
        transactions.write(*operations)
    return guest


def _move_items(user_id: str, guest: GuestCart) -> None:
    while items := list_items(guest.user_id, limit=_MAX_ITEMS):
        transactions.write(*_transfer_ops(user_id, guest, items))


def _transfer_ops(user_id: str, guest: GuestCart, items: Sequence[CartItem]) -> Iterator[Operation]:
    """The operations that move these items to the account's cart."""
    products = readmodels.find_products(item.product_id for item in items)
    keys = [{"userId": user_id, "productId": item.product_id} for item in items]
    quantities = {item.product_id: item.qty for item in batches.read(CartItem, keys)}
    capacity = remaining_capacity(user_id) if len(quantities) < len(items) else 0
    for item in items:
        before = quantities.get(item.product_id, 0)
        product = products.get(item.product_id)
        result = _merge_result(guest, item, product, before, has_capacity=capacity > 0)
        capacity -= 1 if result.taken and not before else 0
        # An update that was let in before the cart closed can still arrive; then read again.
        yield transactions.delete(item, CartItem.qty == item.qty)
        yield transactions.put(result)
        if result.taken:
            after, price = before + result.taken, item.shown_price_minor
            yield increment_op(user_id, item.product_id, before, after, price)


def _merge_result(
    guest: GuestCart, item: CartItem, product: Product | None, before: int, has_capacity: bool
) -> MergedItem:
    """How much of the item the account's cart takes, and why not all.

    `before` is the quantity that it has.
    """
    limit, reason = MAX_QUANTITY - before, TooManyOfProduct.__name__
    if product is None or not product.is_on_sale:
        limit, reason = 0, ProductNotFound.__name__
    elif not before and not has_capacity:
        limit, reason = 0, CartFull.__name__
    taken = min(item.qty, limit)
    left = item.qty - taken
    return MergedItem(
        guest.user_id,
        f"{MERGED_PREFIX}{item.product_id}",
        taken=taken,
        left=left,
        reason=reason if left else None,
        expires_at=guest.expires_at,
    )


def _merge_response(guest_id: str) -> CartMergeResult:
    """The results of all items, by product id."""
    is_result = MergedItem.key.startswith(MERGED_PREFIX)
    results = list(MergedItem.query(guest_id, is_result, consistent_read=True))
    return CartMergeResult(
        message="Carts merged",
        taken=[
            MergedCartItem(product_id=_product_id(row), qty=row.taken)
            for row in results
            if row.taken
        ],
        left=[
            SkippedCartItem(product_id=_product_id(row), qty=row.left, reason=row.reason)
            for row in results
            if row.left
        ],
    )


def _product_id(result: MergedItem) -> str:
    return result.key.removeprefix(MERGED_PREFIX)
