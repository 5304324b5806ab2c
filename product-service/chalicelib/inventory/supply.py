"""What comes into the stock and leaves it other than by orders, and its ledger.

The ledger of what orders reserve, buy, release and return is the table Reservations.
"""

import hashlib

from msgspec import UNSET
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.inventory import ledger
from chalicelib.inventory.errors import (
    IdempotencyKeyReused,
    ProductNotFound,
    StockChanged,
    StockContended,
    StockNotCounted,
    StockOutOfRange,
)
from chalicelib.inventory.models import Stock, StockMovement
from chalicelib.inventory.movement_kinds import MovementKind
from chalicelib.inventory.schemas import (
    MAX_STOCK,
    AdjustStock,
    MovementsQuery,
    MovementView,
    SetStock,
    StockedProduct,
    StockLevel,
    StockRulesPatch,
)
from common import clock, dynamodb, ids, transactions
from common.pages import Page
from common.retry import RetryPolicy

_CONFLICT_RETRIES = RetryPolicy(tries=10, pause_seconds=0.01, max_pause_seconds=0.1)
_COUNTED_AGAIN = "counted again"


def initial_stock(
    product_id: str, request: StockedProduct, admin_id: str
) -> list[transactions.Operation]:
    """Return the operations that store a new product's stock, and its first movement."""
    supplied = 0 if request.stock is UNSET else request.stock
    stock = Stock(
        product_id,
        available=supplied,
        supplied=supplied,
        has_ledger=True,
        not_counted=None if request.counted else True,
        low_threshold=request.low_stock_threshold,
        updated_at=clock.now(),
    )
    movement = ledger.new_movement(stock, MovementKind.INITIAL, supplied, admin_id)
    return [
        transactions.put(stock, Stock.product_id.does_not_exist()),
        transactions.put(movement, StockMovement.movement_id.does_not_exist()),
    ]


def set_stock(product_id: str, request: SetStock, admin_id: str) -> StockLevel:
    """Set the available stock. Supplied changes by the difference.

    Reserved and sold stay. Conditional on the stock that was read, so that concurrent
    reservations are not lost. Idempotent without `expected_stock`.

    Raises: ProductNotFound, StockNotCounted, StockChanged, StockContended.
    """
    for _ in _CONFLICT_RETRIES.attempts():
        stock = _get_counted_stock(product_id)
        if request.expected_stock not in (None, stock.available):
            raise StockChanged(
                f"expectedStock: {request.expected_stock} was expected,"
                f" {stock.available} are available"
            )
        change = request.stock - stock.available
        if change == 0:
            return _stock_level(stock)
        movement = ledger.new_movement(stock, MovementKind.SET, change, admin_id, request.reason)
        try:
            ledger.write_movement(stock, movement, Stock.available == stock.available)
        except transactions.TransactionCancelled:
            continue
        except transactions.TransactionContended:
            break
        return _stock_level(get_stock(product_id))
    raise StockContended("the stock kept changing while it was being set; try again")


def adjust_stock(product_id: str, request: AdjustStock, admin_id: str, key: str) -> StockLevel:
    """Add to the available stock, or take from it. Concurrent orders lose nothing.

    Idempotent by the admin, the product and the key. Undone by the opposite change.

    Raises: ProductNotFound, StockNotCounted, StockOutOfRange, IdempotencyKeyReused,
    StockContended.
    """
    for _ in _CONFLICT_RETRIES.attempts():
        stock = _get_counted_stock(product_id)
        movement = _adjustment(stock, request, admin_id, key)
        try:
            ledger.write_movement(stock, movement, _has_room(request.change))
        except transactions.TransactionCancelled:
            stored = dynamodb.find(StockMovement, movement.movement_id)
            if stored is None:
                _validate_room(_get_counted_stock(product_id), request.change)
                continue
            _validate_repeat(stored, movement)
        except transactions.TransactionContended:
            break
        return _stock_level(get_stock(product_id))
    raise StockContended("the stock kept changing while it was being adjusted; try again")


def change_rules(product_id: str, request: StockRulesPatch, admin_id: str) -> StockLevel:
    """Change whether the stock is counted, and when it is low.

    The buckets stay, so that what is reserved can be bought, released and returned as before.
    When counting starts again, a movement makes `request.stock` available. Idempotent: a stock
    that is counted already stays as it is.

    Raises: ProductNotFound, StockContended.
    """
    for _ in _CONFLICT_RETRIES.attempts():
        stock = get_stock(product_id)
        try:
            _write_rules(stock, request, admin_id)
        except transactions.TransactionCancelled:
            continue
        except transactions.TransactionContended:
            break
        return _stock_level(get_stock(product_id))
    raise StockContended("the stock kept changing; try again")


def list_movements(product_id: str, query: MovementsQuery) -> Page[MovementView]:
    """Return a page of a product's movements, newest first. Eventually consistent.

    Raises: ProductNotFound, InvalidCursor.
    """
    return ledger.list_movements(get_stock(product_id).product_id, query)


def get_stock(product_id: str) -> Stock:
    """Return the product's stock. Raises: ProductNotFound."""
    product_id = ids.parse("PROD", product_id)
    stock = dynamodb.find(Stock, product_id)
    if stock is None:
        raise ProductNotFound(f"{product_id} has no stock: there is no such product")
    return stock


def _get_counted_stock(product_id: str) -> Stock:
    """Raises: ProductNotFound, StockNotCounted."""
    stock = get_stock(product_id)
    if not stock.is_counted:
        raise StockNotCounted(f"{stock.product_id}: its stock is not counted")
    return stock


def _write_rules(stock: Stock, request: StockRulesPatch, admin_id: str) -> None:
    """Raises: TransactionCancelled, TransactionContended."""
    actions: list[Action] = []
    if request.low_stock_threshold is not UNSET:
        threshold = request.low_stock_threshold
        actions.append(
            Stock.low_threshold.remove() if threshold is None
            else Stock.low_threshold.set(threshold)
        )  # fmt: skip
    if request.counted is False:
        actions.append(Stock.not_counted.set(True))
    if request.stock is not UNSET and not stock.is_counted:
        actions.append(Stock.not_counted.remove())
        change = request.stock - stock.available
        movement = ledger.new_movement(stock, MovementKind.SET, change, admin_id, _COUNTED_AGAIN)
        ledger.write_movement(stock, movement, _is_unchanged(stock), actions)
    elif actions:
        actions.append(Stock.updated_at.set(clock.now()))
        transactions.write(transactions.update(stock, actions, Stock.product_id.exists()))


def _is_unchanged(stock: Stock) -> Condition:
    """The condition that availability and counting are still those that were read."""
    counting = Stock.not_counted
    same = counting.does_not_exist() if stock.is_counted else counting.exists()
    unchanged: Condition = (Stock.available == stock.available) & same
    return unchanged


def _adjustment(stock: Stock, request: AdjustStock, admin_id: str, key: str) -> StockMovement:
    movement = ledger.new_movement(
        stock, MovementKind.ADJUSTED, request.change, admin_id, request.reason
    )
    movement.movement_id = ids.deterministic("MOVE", admin_id, stock.product_id, key)
    fields = f"{request.change} {request.reason}"
    movement.request_hash = hashlib.sha256(fields.encode()).hexdigest()
    return movement


def _has_room(change: int) -> Condition:
    """The condition that neither less than nothing nor too much would be available."""
    at_least, at_most = max(0, -change), min(MAX_STOCK, MAX_STOCK - change)
    room: Condition = Stock.available.between(at_least, at_most)
    room &= Stock.not_counted.does_not_exist()
    return room


def _validate_repeat(stored: StockMovement, movement: StockMovement) -> None:
    """Raise IdempotencyKeyReused unless both are of the same request."""
    if stored.request_hash != movement.request_hash:
        raise IdempotencyKeyReused("Idempotency-Key: used before, with another body")


def _validate_room(stock: Stock, change: int) -> None:
    """Raise StockOutOfRange if the stock that was read has no room for the change."""
    if not 0 <= stock.available + change <= MAX_STOCK:
        raise StockOutOfRange(
            f"change: {stock.available} are available, and with {change:+} there would be"
            f" {stock.available + change}; expected 0 to {MAX_STOCK}"
        )


def _stock_level(stock: Stock) -> StockLevel:
    return StockLevel(
        product_id=stock.product_id,
        available_stock=stock.available,
        reserved_stock=stock.reserved,
        sold_stock=stock.sold,
        supplied_stock=stock.supplied,
        counted=stock.is_counted,
        low_stock_threshold=stock.low_threshold,
    )
