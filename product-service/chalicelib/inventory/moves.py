"""Moves a reservation to another status, and its goods to another shelf, in one transaction."""

from collections.abc import Sequence
from typing import NoReturn

from pynamodb.expressions.condition import Condition, size

from chalicelib.inventory.errors import OutOfStock, ReservationEnded, StockContended, StockMismatch
from chalicelib.inventory.models import (
    ABSENT,
    MOVES,
    OPEN,
    RESERVED,
    SETTLED,
    Goods,
    Move,
    Reservation,
    Stock,
)
from common import clock, settings, transactions

_TRIES = 5  # each lost one means that somebody else moved this very order's reservation meanwhile


def move(order_id: str, status: str, items: Sequence[Goods] = ()) -> Reservation:
    """Bring the order's reservation to this status; `items` are those of an order that has no reservation yet.

    Raises OutOfStock, ReservationEnded, StockContended, StockMismatch; nothing is written then. Safe to repeat and to race:
    the transaction holds only for the reservation that was seen.
    """
    for _ in range(_TRIES):
        reservation = find(order_id) or _new(order_id, items)
        if reservation.status in SETTLED[status]:
            return reservation
        if reservation.status not in MOVES[status]:
            raise ReservationEnded(f"{order_id}: the reservation is {reservation.status}")
        if _moved(reservation, status):
            return reservation
    raise StockContended(f"{order_id}: the reservation kept changing")


def find(order_id: str) -> Reservation | None:
    """The order's reservation, if it has one."""
    try:
        return Reservation.get(order_id, consistent_read=True)
    except Reservation.DoesNotExist:
        return None


def _new(order_id: str, items: Sequence[Goods]) -> Reservation:
    now = clock.now()
    return Reservation(
        order_id,
        items=list(items),
        status=ABSENT,
        expires_at=clock.epoch() + settings.integer("RESERVATION_SECONDS", 1200),
        created_at=now,
        updated_at=now,
    )


def _moved(reservation: Reservation, status: str) -> bool:
    """Whether it went through; False if the reservation is not as it was seen."""
    between = MOVES[status][reservation.status]
    held = [item for item in reservation.items if item.held]
    goods = [carried(item.product_id, item.held, between) for item in held] if between else []
    try:
        transactions.write(_noted(reservation, status), *goods)
    except transactions.TransactionContended as problem:
        raise StockContended(f"{reservation.order_id}: {problem}") from problem
    except transactions.TransactionCancelled as refused:
        if 0 in refused.failed:
            return False
        assert between is not None, "without goods nothing but the reservation can fail"
        refuse(between, [held[place - 1] for place in refused.failed])
    reservation.status = status
    return True


def _noted(reservation: Reservation, status: str) -> transactions.Operation:
    """The reservation's part of the transaction."""
    if reservation.status == ABSENT:
        reservation.open = OPEN if status == RESERVED else None
        reservation.status = status
        return transactions.put(reservation, Reservation.order_id.does_not_exist())
    return transactions.update(
        reservation,
        [
            Reservation.status.set(status),
            Reservation.open.remove(),
            Reservation.updated_at.set(clock.now()),
        ],
        as_seen(reservation),
    )


def as_seen(reservation: Reservation) -> Condition:
    """That the reservation still has the status and the returns that were read."""
    returns = Reservation.refund_ids
    seen = reservation.refund_ids
    untouched = size(returns) == len(seen) if seen else returns.does_not_exist()
    return (Reservation.status == reservation.status) & untouched


def carried(product_id: str, qty: int, between: Move) -> transactions.Operation:
    """The goods' part of the transaction: off one shelf, if they are there, and onto the other."""
    source, target = between
    return transactions.update(
        Stock(product_id),
        [source.add(-qty), target.add(qty), Stock.updated_at.set(clock.now())],
        source >= qty,
    )


def refuse(between: Move, missing: Sequence[Goods]) -> NoReturn:
    """Raise what it means that goods are not where they are to be taken from."""
    if between[0] is not Stock.available:
        names = ", ".join(item.product_id for item in missing)
        raise StockMismatch(f"{names}: less is {between[0].attr_name} than the reservation says")
    wanted = {item.product_id: item.qty for item in missing}
    left = {
        stock.product_id: stock.available for stock in Stock.batch_get(wanted, consistent_read=True)
    }
    raise OutOfStock(
        "; ".join(f"{name}: {qty} wanted, {left.get(name, 0)} left" for name, qty in wanted.items())
    )
