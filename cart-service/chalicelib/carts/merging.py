"""A guest logs in: what the guest's cart holds goes to the account's.

First the guest's cart is closed. From then on nothing goes into it, and its items leave it one transaction after the other: each out
of the guest's cart and into the account's at once, with a row that tells what became of it. Whoever comes again, at the same time or after
a crash, finds fewer items or none, and goes on from there.
"""

import hashlib
import random
import time
from collections.abc import Iterator, Sequence

from chalicelib.carts import batches, catalogue, guests, service
from chalicelib.carts.catalogue import Product
from chalicelib.carts.errors import (
    CartFull,
    CartUnavailable,
    IdempotencyKeyReused,
    ProductNotFound,
    TooManyOfProduct,
)
from chalicelib.carts.models import (
    MERGED,
    MERGED_PREFIX,
    OPEN,
    CartItem,
    Done,
    GuestCart,
    MergedItem,
)
from chalicelib.carts.schemas import MAX_QUANTITY, CartMergeResult, MergedCartItem, SkippedCartItem
from common import clock, transactions
from common.transactions import Operation, TransactionCancelled, TransactionContended

# Three operations an item, at most 100 in a transaction.
_MOST_ITEMS = 33
_TRIES = 12
_PAUSE_SECONDS = 0.01


def merge(user_id: str, guest_id: str, idempotency_key: str | None) -> CartMergeResult:
    """Put what is in the guest's cart into the account's, as far as it is on sale, up to 99 of a product and 500 products; nothing undoes it.

    Safe to repeat, at the same time too, with or without its idempotency key: each item is taken once, and the answer is the same
    for as long as a key is remembered. Raises CartNotFound, also if another account has the cart; IdempotencyKeyReused; and
    CartUnavailable while others keep changing the account's cart: then some may be taken, and a repeat takes the rest.
    """
    for attempt in range(_TRIES):
        try:
            guest = _close(user_id, guest_id, idempotency_key)
            while items := service.items(guest_id, limit=_MOST_ITEMS):
                transactions.write(*_takings(user_id, guest, items))
            return _answer(guest_id)
        except TransactionCancelled:
            # The account's cart changed since it was read, or somebody is merging at the same time: look again.
            time.sleep(random.uniform(0, _PAUSE_SECONDS * (attempt + 1)))
        except TransactionContended:
            break
    raise CartUnavailable("too many changes to this cart at the same time; try again in a moment")


def _close(user_id: str, guest_id: str, idempotency_key: str | None) -> GuestCart:
    """The guest's cart, closed for this account: now, or earlier. TransactionCancelled if somebody else was faster."""
    remembered = list(_remembered(user_id, guest_id, idempotency_key))
    guest = guests.find(guest_id)
    if guest.status == OPEN:
        was_open = guests.is_open()
        guest.status, guest.merged_into = MERGED, user_id
        guest.expires_at = clock.epoch() + service.REMEMBERED_SECONDS
        remembered.append(transactions.put(guest, was_open))
    if guest.merged_into != user_id:
        raise guests.not_found()
    if remembered:
        transactions.write(*remembered)
    return guest


def _remembered(user_id: str, guest_id: str, idempotency_key: str | None) -> Iterator[Operation]:
    """A row for the key, unless it is there; IdempotencyKeyReused if it is there for something else."""
    if idempotency_key is None:
        return
    key, body_hash = Done.key_of_request(idempotency_key), _hash(guest_id)
    if earlier := Done.find(user_id, key):
        if earlier.body_hash != body_hash:
            raise IdempotencyKeyReused("Idempotency-Key: used before, for something else")
        return
    row = Done(
        user_id, key, body_hash=body_hash, expires_at=clock.epoch() + service.REMEMBERED_SECONDS
    )
    yield transactions.put(row, Done.key.does_not_exist())


def _takings(user_id: str, guest: GuestCart, items: Sequence[CartItem]) -> Iterator[Operation]:
    """What takes these items over, all or none."""
    products = catalogue.described(item.product_id for item in items)
    keys = [{"userId": user_id, "productId": item.product_id} for item in items]
    before = {item.product_id: int(item.qty) for item in batches.read(CartItem, keys)}
    room = service.room(user_id) if len(before) < len(items) else 0
    for item in items:
        there = before.get(item.product_id, 0)
        outcome = _outcome(guest, item, products.get(item.product_id), there, room)
        room -= 1 if outcome.taken and not there else 0
        # A change or removal that was let in before the cart closed may still come: then the item is read again.
        yield transactions.delete(item, CartItem.qty == item.qty)
        yield transactions.put(outcome)
        if outcome.taken:
            yield service.addition(user_id, item.product_id, there, there + int(outcome.taken))


def _outcome(
    guest: GuestCart, item: CartItem, product: Product | None, there: int, room: int
) -> MergedItem:
    """What becomes of an item of which so many are in the account's cart already, which takes so many products more."""
    outcome = MergedItem(
        guest.user_id, f"{MERGED_PREFIX}{item.product_id}", expires_at=guest.expires_at
    )
    refusal: type[Exception] = TooManyOfProduct
    if product is None or not product.is_on_sale:
        refusal = ProductNotFound
    elif not there and room < 1:
        refusal = CartFull
    most = MAX_QUANTITY - there if refusal is TooManyOfProduct else 0
    outcome.taken = min(int(item.qty), most)
    outcome.left = int(item.qty) - outcome.taken
    outcome.reason = refusal.__name__ if outcome.left else None
    return outcome


def _answer(guest_id: str) -> CartMergeResult:
    """What became of all items, by product id."""
    outcomes = list(
        MergedItem.query(guest_id, MergedItem.key.startswith(MERGED_PREFIX), consistent_read=True)
    )
    return CartMergeResult(
        message="Carts merged",
        taken=[
            MergedCartItem(product_id=_product_id(row), qty=int(row.taken))
            for row in outcomes
            if row.taken
        ],
        left=[
            SkippedCartItem(product_id=_product_id(row), qty=int(row.left), reason=row.reason)
            for row in outcomes
            if row.left
        ],
    )


def _product_id(outcome: MergedItem) -> str:
    return outcome.key.removeprefix(MERGED_PREFIX)


def _hash(guest_id: str) -> str:
    return hashlib.sha256(f"merge {guest_id}".encode()).hexdigest()
