"""Puts goods that were sold back on the shelf: once for each refund, in one transaction with the order's reservation."""

from collections.abc import Sequence

from pynamodb.expressions.update import Action

from chalicelib.inventory.errors import (
    NotCommitted,
    ReservationEnded,
    ReturnTooLarge,
    StockContended,
)
from chalicelib.inventory.models import COMMITTED, RELEASED, Goods, Move, Reservation, Stock
from chalicelib.inventory.moves import as_seen, carried, find, refuse
from common import clock, transactions

_BACK: Move = (Stock.sold, Stock.available)
_TRIES = 5  # each lost one means that somebody else returned or released goods of this very order meanwhile


def put_back(order_id: str, refund_id: str, goods: Sequence[Goods]) -> Reservation:
    """Bring the goods of this refund back to what is available, unless they are; at most what the order still has.

    Raises NotCommitted, ReservationEnded, ReturnTooLarge, StockContended, StockMismatch; nothing is written then. Safe to
    repeat and to race: the transaction holds only for the reservation that was seen.
    """
    for _ in range(_TRIES):
        reservation = _committed(order_id, refund_id)
        if refund_id in (reservation.refund_ids or []) or _put_back(reservation, refund_id, goods):
            return reservation
    raise StockContended(f"{order_id}: the reservation kept changing")


def _committed(order_id: str, refund_id: str) -> Reservation:
    """The reservation that goods can come back of, or did with this refund."""
    reservation = find(order_id)
    if reservation is None or reservation.status not in (COMMITTED, RELEASED):
        status = reservation.status if reservation else "not there"
        raise NotCommitted(f"{order_id}: the reservation is {status}; its goods are not sold yet")
    if reservation.status == RELEASED and refund_id not in (reservation.refund_ids or []):
        raise ReservationEnded(
            f"{order_id}: the reservation is RELEASED; its goods are back already"
        )
    return reservation


def _put_back(reservation: Reservation, refund_id: str, goods: Sequence[Goods]) -> bool:
    """Whether it went through; False if the reservation is not as it was seen."""
    _insist_on_held(reservation, goods)
    back = [carried(item.product_id, int(item.qty), _BACK) for item in goods]
    noted = transactions.update(
        reservation, _noted(reservation, refund_id, goods), as_seen(reservation)
    )
    try:
        transactions.write(noted, *back)
    except transactions.TransactionContended as problem:
        raise StockContended(f"{reservation.order_id}: {problem}") from problem
    except transactions.TransactionCancelled as refused:
        if 0 in refused.failed:
            return False
        refuse(_BACK, [goods[place - 1] for place in refused.failed])
    return True


def _insist_on_held(reservation: Reservation, goods: Sequence[Goods]) -> None:
    held = {item.product_id: item.held for item in reservation.items}
    too_many = [
        f"{item.product_id}: {item.qty} to return, {held.get(item.product_id, 0)} sold"
        for item in goods
        if item.qty > held.get(item.product_id, 0)
    ]
    if too_many:
        raise ReturnTooLarge("; ".join(too_many))


def _noted(reservation: Reservation, refund_id: str, goods: Sequence[Goods]) -> list[Action]:
    """The reservation's part of the transaction: what came back, and by which refund."""
    back = {item.product_id: item.qty for item in goods}
    items = [
        Goods(
            product_id=item.product_id,
            qty=item.qty,
            returned=(item.returned or 0) + back.get(item.product_id, 0) or None,
        )
        for item in reservation.items
    ]
    return [
        Reservation.items.set(items),
        Reservation.refund_ids.set([*(reservation.refund_ids or []), refund_id]),
        Reservation.updated_at.set(clock.now()),
    ]
