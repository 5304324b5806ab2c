"""The ledger of supply: what came and left other than by orders."""

from collections.abc import Sequence
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.inventory.models import Stock, StockMovement
from chalicelib.inventory.movement_kinds import MovementKind
from chalicelib.inventory.schemas import MovementsQuery, MovementView
from common import clock, ids, transactions
from common.pages import InvalidCursor, Page, decode_cursor, encode_cursor


def list_movements(product_id: str, query: MovementsQuery) -> Page[MovementView]:
    """Return a page of a product's movements, newest first. Eventually consistent.

    Raises: InvalidCursor.
    """
    start = _start_key(product_id, query.cursor)
    result = StockMovement.by_product.query(
        product_id, limit=query.limit, last_evaluated_key=start, scan_index_forward=False
    )
    views = [_movement_view(movement) for movement in result]
    return Page(views, encode_cursor(result.last_evaluated_key))


def new_movement(
    stock: Stock, kind: MovementKind, change: int, admin_id: str, note: str | None = None
) -> StockMovement:
    """Return the row of a movement that is still to be written."""
    return StockMovement(
        ids.new("MOVE"),
        product_id=stock.product_id,
        kind=kind,
        change=change,
        reason=note,
        moved_by=admin_id,
        created_at=clock.now(),
    )


def write_movement(
    stock: Stock, movement: StockMovement, condition: Condition, more: Sequence[Action] = ()
) -> None:
    """Write the movement and the stock that it changes, both or neither.

    A stock from before there was a ledger opens it with what was supplied until then.

    Raises: TransactionCancelled, TransactionContended.
    """
    is_opening = not stock.has_ledger
    actions: list[Action] = [
        Stock.available.add(movement.change),
        Stock.supplied.add(movement.change),
        Stock.updated_at.set(clock.now()),
        *more,
    ]
    opening = []
    if is_opening:
        actions.append(Stock.has_ledger.set(True))
        condition &= Stock.has_ledger.does_not_exist() & (Stock.supplied == stock.supplied)
        balance = new_movement(stock, MovementKind.OPENING, stock.supplied, movement.moved_by)
        opening = [transactions.put(balance)]
    transactions.write(
        transactions.put(movement, StockMovement.movement_id.does_not_exist()),
        transactions.update(stock, actions, condition),
        *opening,
    )


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
