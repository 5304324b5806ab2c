"""What comes into the stock and leaves it other than by orders, and its ledger.

The ledger of what orders reserve, buy, release and return is the table Reservations.
"""

import hashlib
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.inventory.errors import (
    IdempotencyKeyReused,
    ProductNotFound,
    StockChanged,
    StockContended,
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
    StockLevel,
)
from common import clock, dynamodb, ids, transactions
from common.pages import InvalidCursor, Page, decode_cursor, encode_cursor
from common.retry import RetryPolicy

_CONFLICT_RETRIES = RetryPolicy(tries=10, pause_seconds=0.01, max_pause_seconds=0.1)


def initial_stock(product_id: str, supplied: int, admin_id: str) -> list[transactions.Operation]:
    """Return the operations that store a new product's stock, and its first movement."""
    stock = Stock(
        product_id, available=supplied, supplied=supplied, has_ledger=True, updated_at=clock.now()
    )
    movement = _movement(stock, MovementKind.INITIAL, supplied, admin_id)
    return [
        transactions.put(stock, Stock.product_id.does_not_exist()),
        transactions.put(movement, StockMovement.movement_id.does_not_exist()),
    ]


def set_stock(product_id: str, request: SetStock, admin_id: str) -> StockLevel:
    """Set the available stock. Supplied changes by the difference.

    Reserved and sold stay. Conditional on the stock that was read, so that concurrent
    reservations are not lost. Idempotent without `expected_stock`.

    Raises: ProductNotFound, StockChanged, StockContended.
    """
    for _ in _CONFLICT_RETRIES.attempts():
        stock = get_stock(product_id)
        if request.expected_stock not in (None, stock.available):
            raise StockChanged(
                f"expectedStock: {request.expected_stock} was expected,"
                f" {stock.available} are available"
            )
        change = request.stock - stock.available
        if change == 0:
            return _stock_level(stock)
        movement = _movement(stock, MovementKind.SET, change, admin_id, request.reason)
        try:
            _write(stock, movement, Stock.available == stock.available)
        except transactions.TransactionCancelled:
            continue
        except transactions.TransactionContended:
            break
        return _stock_level(get_stock(product_id))
    raise StockContended("the stock kept changing while it was being set; try again")


def adjust_stock(product_id: str, request: AdjustStock, admin_id: str, key: str) -> StockLevel:
    """Add to the available stock, or take from it. Concurrent orders lose nothing.

    Idempotent by the admin, the product and the key. Undone by the opposite change.

    Raises: ProductNotFound, StockOutOfRange, IdempotencyKeyReused, StockContended.
    """
    for _ in _CONFLICT_RETRIES.attempts():
        stock = get_stock(product_id)
        movement = _adjustment(stock, request, admin_id, key)
        try:
            _write(stock, movement, _has_room(request.change))
        except transactions.TransactionCancelled:
            stored = dynamodb.find(StockMovement, movement.movement_id)
            if stored is None:
                _validate_room(get_stock(product_id), request.change)
                continue
            _validate_repeat(stored, movement)
        except transactions.TransactionContended:
            break
        return _stock_level(get_stock(product_id))
    raise StockContended("the stock kept changing while it was being adjusted; try again")


def list_movements(product_id: str, query: MovementsQuery) -> Page[MovementView]:
    """Return a page of a product's movements, newest first. Eventually consistent.

    Raises: ProductNotFound, InvalidCursor.
    """
    stock = get_stock(product_id)
    start = _start_key(stock.product_id, query.cursor)
    result = StockMovement.by_product.query(
        stock.product_id, limit=query.limit, last_evaluated_key=start, scan_index_forward=False
    )
    views = [_movement_view(movement) for movement in result]
    return Page(views, encode_cursor(result.last_evaluated_key))


def get_stock(product_id: str) -> Stock:
    """Return the product's stock. Raises: ProductNotFound."""
    product_id = ids.parse("PROD", product_id)
    stock = dynamodb.find(Stock, product_id)
    if stock is None:
        raise ProductNotFound(f"{product_id} has no stock: there is no such product")
    return stock


def _start_key(product_id: str, cursor: str | None) -> dict[str, Any] | None:
    key = decode_cursor(cursor)
    if key is None:
        return None
    try:
        texts = {name: {"S": key[name]["S"]} for name in ("productId", "createdAt", "movementId")}
    except KeyError:
        raise InvalidCursor("cursor: expected the X-Next-Cursor of an earlier page") from None
    if texts["productId"]["S"] != product_id:
        raise InvalidCursor("cursor: belongs to the list of another product")
    return texts


def _movement(
    stock: Stock, kind: MovementKind, change: int, admin_id: str, note: str | None = None
) -> StockMovement:
    return StockMovement(
        ids.new("MOVE"),
        product_id=stock.product_id,
        kind=kind,
        change=change,
        reason=note,
        moved_by=admin_id,
        created_at=clock.now(),
    )


def _write(stock: Stock, movement: StockMovement, condition: Condition) -> None:
    """Write the movement and the stock that it changes, both or neither.

    A stock from before there was a ledger opens it with what was supplied until then.
    """
    is_opening = not stock.has_ledger
    actions: list[Action] = [
        Stock.available.add(movement.change),
        Stock.supplied.add(movement.change),
        Stock.updated_at.set(clock.now()),
    ]
    opening = []
    if is_opening:
        actions.append(Stock.has_ledger.set(True))
        condition &= Stock.has_ledger.does_not_exist() & (Stock.supplied == stock.supplied)
        balance = _movement(stock, MovementKind.OPENING, stock.supplied, movement.moved_by)
        opening = [transactions.put(balance)]
    transactions.write(
        transactions.put(movement, StockMovement.movement_id.does_not_exist()),
        transactions.update(stock, actions, condition),
        *opening,
    )


def _adjustment(stock: Stock, request: AdjustStock, admin_id: str, key: str) -> StockMovement:
    movement = _movement(stock, MovementKind.ADJUSTED, request.change, admin_id, request.reason)
    movement.movement_id = ids.deterministic("MOVE", admin_id, stock.product_id, key)
    fields = f"{request.change} {request.reason}"
    movement.request_hash = hashlib.sha256(fields.encode()).hexdigest()
    return movement


def _has_room(change: int) -> Condition:
    """The condition that neither less than nothing nor too much would be available."""
    at_least, at_most = max(0, -change), min(MAX_STOCK, MAX_STOCK - change)
    return Stock.available.between(at_least, at_most)


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


def _movement_view(movement: StockMovement) -> MovementView:
    return MovementView(
        movement_id=movement.movement_id,
        product_id=movement.product_id,
        kind=MovementKind(movement.kind),
        change=movement.change,
        reason=movement.reason,
        moved_by=movement.moved_by,
        created_at=movement.created_at,
    )


def _stock_level(stock: Stock) -> StockLevel:
    return StockLevel(
        product_id=stock.product_id,
        available_stock=stock.available,
        reserved_stock=stock.reserved,
        sold_stock=stock.sold,
        supplied_stock=stock.supplied,
    )
