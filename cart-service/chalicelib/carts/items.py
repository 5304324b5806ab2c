"""The items of a cart: reads, and the operation that changes a quantity."""

from collections.abc import Iterable, Mapping
from typing import Any

from pynamodb.expressions.update import Action

from chalicelib.carts.models import PRODUCT_PREFIX, CartItem
from chalicelib.carts.schemas import MAX_PRODUCTS
from common import clock, dynamodb, transactions


def list_items(user_id: str, **query: Any) -> list[CartItem]:
    """Return the cart's items by product id, or the page that `query` selects.

    Strongly consistent.
    """
    products = CartItem.product_id.startswith(PRODUCT_PREFIX)
    return list(CartItem.query(user_id, products, consistent_read=True, **query))


def get_quantity(user_id: str, product_id: str) -> int:
    """Return the quantity of a product in the cart, 0 without one.

    Strongly consistent.
    """
    item = dynamodb.find(CartItem, user_id, product_id)
    return item.qty if item else 0


def remaining_capacity(user_id: str) -> int:
    """How many more products the cart takes, not counting concurrent additions."""
    products = CartItem.product_id.startswith(PRODUCT_PREFIX)
    return MAX_PRODUCTS - CartItem.count(
        user_id, products, consistent_read=True, limit=MAX_PRODUCTS
    )


def record_shown_prices(items: Iterable[CartItem], prices: Mapping[str, int]) -> None:
    """Store the unit prices, by product, that the customer is shown. Idempotent.

    Writes only what changed. A concurrent removal of the item is not undone.
    """
    for item in items:
        price = prices.get(item.product_id)
        if price is not None and price != item.shown_price_minor:
            action = CartItem.shown_price_minor.set(price)
            dynamodb.update_if(item, [action], CartItem.product_id.exists())


def increment_op(
    user_id: str,
    product_id: str,
    before: int,
    after: int,
    price_minor: int | None,
    expires_at: int | None = None,
) -> transactions.Operation:
    """The operation that raises a quantity if it is still `before`.

    A new item has the price at which its customer chose it, an older one keeps the price that the
    cart showed.
    """
    now = clock.now()
    actions: list[Action] = [
        CartItem.qty.set(after),
        CartItem.updated_at.set(now),
        CartItem.added_at.set(CartItem.added_at | now),
    ]
    if price_minor is not None:
        actions.append(CartItem.shown_price_minor.set(CartItem.shown_price_minor | price_minor))
    if expires_at:
        actions.append(CartItem.expires_at.set(expires_at))
    is_unchanged = CartItem.qty == before if before else CartItem.product_id.does_not_exist()
    return transactions.update(CartItem(user_id, product_id), actions, is_unchanged)
