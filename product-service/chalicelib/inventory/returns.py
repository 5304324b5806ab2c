"""Returns: moves sold goods back to the available stock, once for each refund."""

from collections.abc import Mapping

from pynamodb.expressions.update import Action

from chalicelib.inventory.errors import (
    NotCommitted,
    ReservationEnded,
    ReturnTooLarge,
    StockContended,
)
from chalicelib.inventory.models import (
    COMMITTED,
    RELEASED,
    Reservation,
    ReservationItem,
    Stock,
    Transfer,
)
from chalicelib.inventory.transitions import CONFLICT_RETRIES, is_unchanged, write_with_stock
from common import clock, dynamodb, transactions

_RESTOCK: Transfer = (Stock.sold, Stock.available)


def restock(order_id: str, refund_id: str, quantities: Mapping[str, int]) -> Reservation:
    """Make these quantities, by product id, available again.

    At most what the order still has.

    Idempotent by `refund_id`, also under races: the write is conditional on the reservation
    that was read.

    Raises: NotCommitted, ReservationEnded, ReturnTooLarge, StockContended, StockMismatch;
    nothing is written then.
    """
    for _ in CONFLICT_RETRIES.attempts():
        reservation = _get_returnable(order_id, refund_id)
        if refund_id in (reservation.refund_ids or []):
            return reservation
        _validate_quantities(reservation, quantities)
        operation = _return_op(reservation, refund_id, quantities)
        is_written = write_with_stock(reservation, operation, _RESTOCK, quantities)
        if is_written:
            return reservation
    raise StockContended(f"{order_id}: the reservation kept changing")


def _get_returnable(order_id: str, refund_id: str) -> Reservation:
    """Return the reservation, if goods can be returned of it or were with this refund."""
    reservation = dynamodb.find(Reservation, order_id)
    if reservation is None or reservation.status not in (COMMITTED, RELEASED):
        status = reservation.status if reservation else "not there"
        raise NotCommitted(f"{order_id}: the reservation is {status}; its goods are not sold yet")
    if reservation.status == RELEASED and refund_id not in (reservation.refund_ids or []):
        raise ReservationEnded(
            f"{order_id}: the reservation is RELEASED; its goods are back already"
        )
    return reservation


def _validate_quantities(reservation: Reservation, quantities: Mapping[str, int]) -> None:
    held = {item.product_id: item.held for item in reservation.items}
    too_many = [
        f"{product_id}: {qty} to return, {held.get(product_id, 0)} sold"
        for product_id, qty in quantities.items()
        if qty > held.get(product_id, 0)
    ]
    if too_many:
        raise ReturnTooLarge("; ".join(too_many))


def _return_op(
    reservation: Reservation, refund_id: str, quantities: Mapping[str, int]
) -> transactions.Operation:
    """The operation that records the return, if the reservation is as it was read."""
    items = [_with_return(item, quantities) for item in reservation.items]
    actions: list[Action] = [
        Reservation.items.set(items),
        Reservation.refund_ids.set([*(reservation.refund_ids or []), refund_id]),
        Reservation.updated_at.set(clock.now()),
    ]
    return transactions.update(reservation, actions, is_unchanged(reservation))


def _with_return(item: ReservationItem, quantities: Mapping[str, int]) -> ReservationItem:
    returned = (item.returned or 0) + quantities.get(item.product_id, 0)
    return ReservationItem(product_id=item.product_id, qty=item.qty, returned=returned or None)
