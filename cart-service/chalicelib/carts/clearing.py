"""Clearing a cart once its order is confirmed.

A guest's cart may have been merged since: then what the account's cart got from it is cleared.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from pynamodb.expressions.update import Action

from chalicelib.carts import batches
from chalicelib.carts.errors import CartUnavailable
from chalicelib.carts.models import (
    MERGED,
    MERGED_PREFIX,
    CartItem,
    GuestCart,
    IdempotencyRecord,
    MergedItem,
)
from chalicelib.carts.schemas import CartCleared, ClearCart, OrderedLine
from common import clock, ids, transactions
from common.retry import RetryPolicy
from common.transactions import Operation, TransactionCancelled

# Longer than any repeat can wait: a dead letter is kept for 14 days, an execution's name for 90.
_RECORD_SECONDS = 365 * 24 * 3600
_CONFLICT_RETRIES = RetryPolicy(tries=10, pause_seconds=0.01, max_pause_seconds=0.1)


def remove_ordered_items(request: ClearCart) -> CartCleared:
    """Take the ordered quantities out of the cart.

    What was put into the cart anew since the order was placed stays: it is another item.

    Idempotent by order, in any order and however late: all lines are removed once, or none.

    Raises: CartUnavailable or TransactionContended while the customer keeps changing the cart.
    """
    user_id, order_id = _parse_owner(request.user_id), ids.parse("ORDER", request.order_id)
    ordered = _quantities(request.items)
    added_at = {ids.parse("PROD", line.product_id): line.added_at for line in request.items}
    once = _record_op(user_id, order_id)
    for _ in _CONFLICT_RETRIES.attempts():
        try:
            transactions.write(
                once,
                *_removal_ops(user_id, ordered, added_at, request.placed_at),
                *_merged_removal_ops(user_id, ordered),
            )
        except TransactionCancelled as exc:
            is_removed_before = 0 in exc.failed
            if not is_removed_before:
                continue  # the customer changed the cart since it was read
        return CartCleared(user_id=user_id, status="CLEARED")
    raise CartUnavailable(
        f"the cart of {user_id} kept changing while {request.order_id} was taken out of it"
    )


def _parse_owner(text: str) -> str:
    """Return whose cart it is: an account's or a guest's. Raises: InvalidId."""
    return ids.parse("GUEST" if ids.is_guest(text) else "USER", text)


def _record_op(user_id: str, order_id: str) -> Operation:
    record = IdempotencyRecord(
        user_id,
        IdempotencyRecord.order_key(order_id),
        expires_at=clock.epoch() + _RECORD_SECONDS,
    )
    return transactions.put(record, IdempotencyRecord.key.does_not_exist())


def _quantities(lines: Iterable[OrderedLine]) -> Mapping[str, int]:
    """By product: it may stand in two lines, but only once in a transaction."""
    quantities: Counter[str] = Counter()
    for line in lines:
        quantities[ids.parse("PROD", line.product_id)] += line.qty
    return quantities


def _removal_ops(
    user_id: str,
    ordered: Mapping[str, int],
    added_at: Mapping[str, str | None],
    placed_at: str | None,
) -> Iterator[Operation]:
    """One operation for each item that was ordered.

    Orders of a list do not name items: what was added before the order is meant.
    """
    keys = [{"userId": user_id, "productId": product_id} for product_id in ordered]
    for item in batches.read(CartItem, keys):
        if _was_taken(item, added_at.get(item.product_id), placed_at):
            yield _removal_op(item, ordered[item.product_id])


def _merged_removal_ops(user_id: str, ordered: Mapping[str, int]) -> Iterator[Operation]:
    """One operation for each ordered item that a merge moved to an account's cart.

    No more than the merge moved is removed.
    """
    if not ids.is_guest(user_id):
        return
    carts = batches.read(GuestCart, [{"userId": user_id, "productId": GuestCart().key}])
    owner_id = next((cart.merged_into for cart in carts if cart.status == MERGED), None)
    if owner_id is None:
        return
    merged = [{"userId": user_id, "productId": f"{MERGED_PREFIX}{name}"} for name in ordered]
    taken = {
        row.key.removeprefix(MERGED_PREFIX): row.taken for row in batches.read(MergedItem, merged)
    }
    keys = [{"userId": owner_id, "productId": name} for name, qty in taken.items() if qty]
    for item in batches.read(CartItem, keys):
        yield _removal_op(item, min(ordered[item.product_id], taken[item.product_id]))


def _was_taken(item: CartItem, added_at: str | None, placed_at: str | None) -> bool:
    if added_at is not None:
        return item.added_at == added_at
    return placed_at is None or item.added_at <= placed_at


def _removal_op(item: CartItem, qty: int) -> Operation:
    is_same_item = CartItem.added_at == item.added_at
    if item.qty <= qty:
        return transactions.delete(item, (CartItem.qty <= qty) & is_same_item)
    actions: list[Action] = [CartItem.qty.add(-qty), CartItem.updated_at.set(clock.now())]
    return transactions.update(item, actions, (CartItem.qty > qty) & is_same_item)
