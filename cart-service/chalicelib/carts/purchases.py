"""What happens to a cart once an order is confirmed."""

import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping

from pynamodb.expressions.update import Action

from chalicelib.carts import batches
from chalicelib.carts.errors import CartUnavailable
from chalicelib.carts.models import CartItem, Done
from chalicelib.carts.schemas import BoughtLine, CartCleared, ClearCart
from common import clock, ids, transactions
from common.transactions import Operation, TransactionCancelled

# Longer than any repeat can wait: a dead letter two weeks, redriven by hand; an execution's name 90 days.
REMEMBERED_SECONDS = 365 * 24 * 3600
_TRIES = 10
_PAUSE_SECONDS = 0.01


def clear_bought(purchase: ClearCart) -> CartCleared:
    """Take out of the cart what the order bought, and no more: what was added since the order was placed stays.

    Safe to repeat, late and in any order: it happens once per order, all lines or none. Raises CartUnavailable or
    TransactionContended while the customer keeps changing the cart; then nothing was changed.
    """
    user_id = ids.parse("USER", purchase.user_id)
    bought = _quantities(purchase.items)
    row = Done(user_id, Done.key_of_order(ids.parse("ORDER", purchase.order_id)))
    row.expires_at = clock.epoch() + REMEMBERED_SECONDS
    once = transactions.put(row, Done.key.does_not_exist())
    for attempt in range(_TRIES):
        try:
            transactions.write(once, *_subtractions(user_id, bought, purchase.placed_at))
        except TransactionCancelled as refusal:
            if 0 not in refusal.failed:
                # The customer changed the cart since it was read: look again.
                time.sleep(random.uniform(0, _PAUSE_SECONDS * (attempt + 1)))
                continue
        return CartCleared(user_id=user_id, status="CLEARED")
    raise CartUnavailable(
        f"the cart of {user_id} kept changing while {purchase.order_id} was taken out of it"
    )


def _quantities(lines: list[BoughtLine]) -> Mapping[str, int]:
    """How many of each product; a product may stand in two lines, but an item only once in a transaction."""
    bought: Counter[str] = Counter()
    for line in lines:
        bought[ids.parse("PROD", line.product_id)] += line.qty
    return bought


def _subtractions(
    user_id: str, bought: Mapping[str, int], placed_at: str | None
) -> Iterator[Operation]:
    """One for each bought product that is still in the cart; the customer may have removed some, or never put them in."""
    keys = [{"userId": user_id, "productId": product_id} for product_id in bought]
    for item in batches.read(CartItem, keys):
        if placed_at is None or item.added_at <= placed_at:
            yield _subtraction(item, bought[item.product_id])


def _subtraction(item: CartItem, qty: int) -> Operation:
    same = CartItem.added_at == item.added_at
    if item.qty <= qty:
        return transactions.delete(item, (CartItem.qty <= qty) & same)
    actions: list[Action] = [CartItem.qty.add(-qty), CartItem.updated_at.set(clock.now())]
    return transactions.update(item, actions, (CartItem.qty > qty) & same)
