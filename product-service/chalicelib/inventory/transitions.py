"""Status transitions of a reservation, in one transaction with its stock."""

from collections.abc import Mapping
from typing import NoReturn

from pynamodb.expressions.condition import Condition, size
from pynamodb.expressions.update import Action

from chalicelib.inventory.errors import OutOfStock, ReservationEnded, StockContended, StockMismatch
from chalicelib.inventory.models import (
    ABSENT,
    NO_OP,
    RESERVED,
    TRANSFERS,
    TRANSITIONS,
    Reservation,
    ReservationItem,
    ReservationStatus,
    Stock,
    Transfer,
    expiry_key,
)
from common import clock, dynamodb, settings, transactions
from common.retry import RetryPolicy

# Longer than an order can be paid, by what the saga then still does: see OFFER_SECONDS of
# order-service. The default of the setting of the same name.
RESERVATION_SECONDS = 1860
# Each lost attempt means that this very order's reservation was changed concurrently.
CONFLICT_RETRIES = RetryPolicy(tries=5, pause_seconds=0.01)


def transition(
    order_id: str, target: ReservationStatus, quantities: Mapping[str, int] | None = None
) -> Reservation:
    """Bring the order's reservation to `target`, and move its stock.

    `quantities`, by product id, are for an order that has no reservation yet. Idempotent, also
    under races: the write is conditional on the reservation that was read.

    Raises: OutOfStock, ReservationEnded, StockContended, StockMismatch; nothing is written then.
    """
    for attempt in CONFLICT_RETRIES.attempts():
        # Who reserves is mostly the first: the write fails where there is a reservation.
        is_first = attempt == 0 and target == RESERVED
        reservation = None if is_first else dynamodb.find(Reservation, order_id)
        if reservation is None:
            reservation = _new_reservation(order_id, quantities or {})
        status = ReservationStatus(reservation.status)
        if status in NO_OP[target]:
            return reservation
        if target not in TRANSITIONS[status]:
            raise ReservationEnded(f"{order_id}: the reservation is {status}")
        is_written = _write_transition(reservation, status, target)
        if is_written:
            return reservation
    raise StockContended(f"{order_id}: the reservation kept changing")


def write_with_stock(
    reservation: Reservation,
    reservation_op: transactions.Operation,
    transfer: Transfer | None,
    quantities: Mapping[str, int],
) -> bool:
    """Write the reservation and move these quantities by product id, all or nothing.

    False if the reservation changed since it was read: `reservation_op` must be conditional.

    Raises: OutOfStock or StockMismatch if a source bucket holds too little, StockContended.
    """
    products = list(quantities)
    stock_ops = [_stock_transfer(name, quantities[name], transfer) for name in products if transfer]
    try:
        transactions.write(reservation_op, *stock_ops)
    except transactions.TransactionContended as exc:
        raise StockContended(f"{reservation.order_id}: {exc}") from exc
    except transactions.TransactionCancelled as exc:
        if transfer is None or 0 in exc.failed:
            return False
        short = [products[position - 1] for position in exc.failed]
        _raise_shortage(transfer, {name: quantities[name] for name in short})
    return True


def is_unchanged(reservation: Reservation) -> Condition:
    """The condition that status and returns are still those that were read."""
    returns = Reservation.refund_ids
    known = reservation.refund_ids
    same_returns = size(returns) == len(known) if known else returns.does_not_exist()
    unchanged: Condition = (Reservation.status == reservation.status) & same_returns
    return unchanged


def _new_reservation(order_id: str, quantities: Mapping[str, int]) -> Reservation:
    now = clock.now()
    return Reservation(
        order_id,
        items=[ReservationItem(product_id=name, qty=qty) for name, qty in quantities.items()],
        status=ABSENT,
        expires_at=clock.epoch() + settings.integer("RESERVATION_SECONDS", RESERVATION_SECONDS),
        created_at=now,
        updated_at=now,
    )


def _write_transition(
    reservation: Reservation, status: ReservationStatus, target: ReservationStatus
) -> bool:
    """Write the transition. False if the reservation changed since it was read."""
    held = {item.product_id: item.held for item in reservation.items if item.held}
    if status == ABSENT:
        reservation.open = expiry_key(reservation.order_id) if target == RESERVED else None
        operation = transactions.put(reservation, Reservation.order_id.does_not_exist())
    else:
        operation = transactions.update(
            reservation, _status_actions(target), is_unchanged(reservation)
        )
    reservation.status = target
    return write_with_stock(reservation, operation, TRANSFERS.get((status, target)), held)


def _status_actions(target: ReservationStatus) -> list[Action]:
    return [
        Reservation.status.set(target),
        Reservation.open.remove(),
        Reservation.updated_at.set(clock.now()),
    ]


def _stock_transfer(product_id: str, qty: int, transfer: Transfer) -> transactions.Operation:
    """The operation that moves goods between buckets, if the source holds enough.

    What is not counted is always available.
    """
    source, target = transfer
    condition: Condition = source >= qty
    if source is Stock.available:
        condition |= Stock.not_counted == True  # noqa: E712  # PynamoDB's operator
    return transactions.update(
        Stock(product_id),
        [source.add(-qty), target.add(qty), Stock.updated_at.set(clock.now())],
        condition,
    )


def _raise_shortage(transfer: Transfer, quantities: Mapping[str, int]) -> NoReturn:
    """Raise OutOfStock, or StockMismatch where the goods were reserved or sold before."""
    source, _ = transfer
    if source is not Stock.available:
        names = ", ".join(quantities)
        raise StockMismatch(f"{names}: less is {source.attr_name} than the reservation says")
    stocks = Stock.batch_get(list(quantities), consistent_read=True)
    available = {stock.product_id: stock.available for stock in stocks}
    raise OutOfStock(
        "; ".join(
            f"{name}: {qty} wanted, {available.get(name, 0)} left"
            for name, qty in quantities.items()
        )
    )
