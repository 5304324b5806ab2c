"""Rules for stock: a sale deducts the goods once, and a row adds up."""

from collections import Counter
from collections.abc import Iterator

from chalicelib.discrepancies.models import Discrepancy, Kind, Repair
from chalicelib.readmodels.inventory import Reservation, ReservationStatus, Stock
from chalicelib.readmodels.orders import Order
from chalicelib.reconciliation.snapshot import OrderSnapshot
from common import clock

Discrepancies = Iterator[Discrepancy]

OVERDUE_SECONDS = 300  # product-service releases expired reservations every minute

_HOLDING = (ReservationStatus.RESERVED, ReservationStatus.COMMITTED)


def paid_order_is_deducted(snapshot: OrderSnapshot, settled_before: str) -> Discrepancies:
    """A confirmed order's goods, and no others, were deducted before. Judged at once."""
    order, reservation = snapshot.order, snapshot.reservation
    if order is None or not order.is_paid:
        return
    if reservation is None or reservation.status != ReservationStatus.COMMITTED:
        status = reservation.status if reservation else "absent"
        repair = None if status == ReservationStatus.RELEASED else Repair.COMMIT
        detail = f"{order.status}, and its reservation is {status}"
        yield _discrepancy(snapshot, Kind.STOCK_NOT_DEDUCTED, detail, repair)
        return
    ordered, deducted = _count_ordered(order), _count_deducted(reservation)
    if ordered != deducted:
        detail = f"ordered {dict(ordered)}, deducted {dict(deducted)}"
        yield _discrepancy(snapshot, Kind.WRONG_GOODS, detail)
    yield from _wrong_returns(snapshot, order, reservation)


def unpaid_order_holds_nothing(snapshot: OrderSnapshot, settled_before: str) -> Discrepancies:
    """An order that ended unconfirmed holds no stock, once its checkout has ended."""
    order, reservation = snapshot.order, snapshot.reservation
    if reservation is None or reservation.status not in _HOLDING:
        return
    if reservation.updated_at > settled_before:
        return
    if order and (not order.has_ended_unpaid or order.updated_at > settled_before):
        return
    is_reserved = reservation.status == ReservationStatus.RESERVED
    kind = Kind.STOCK_STILL_RESERVED if is_reserved else Kind.STOCK_DEDUCTED_FOR_NOTHING
    status = order.status if order else "no such order"
    repair = Repair.RELEASE if order else None
    yield _discrepancy(snapshot, kind, f"{status}, and its stock is {reservation.status}", repair)


def reservation_expires(snapshot: OrderSnapshot, settled_before: str) -> Discrepancies:
    """An expired reservation is released within minutes."""
    reservation = snapshot.reservation
    overdue = clock.epoch() - OVERDUE_SECONDS
    if reservation and reservation.open and reservation.expires_at < overdue:
        detail = f"reserved until {clock.iso(reservation.expires_at)}, and still is"
        yield _discrepancy(snapshot, Kind.RESERVATION_OVERDUE, detail)


def stock_adds_up(stock: Stock) -> Discrepancies:
    """Available, reserved and sold add up to what was supplied, and none is negative.

    But for the available stock of what is not counted, which goes on below zero.
    """
    counts = {"available": stock.available, "reserved": stock.reserved, "sold": stock.sold}
    summary = ", ".join(f"{count} {name}" for name, count in counts.items())
    least_available = 0 if stock.not_counted else stock.available
    if min(least_available, stock.reserved, stock.sold) < 0:
        yield _of_product(stock, Kind.NEGATIVE_STOCK, summary)
    if sum(counts.values()) != stock.supplied:
        detail = f"{summary}, but {stock.supplied} supplied"
        yield _of_product(stock, Kind.STOCK_DOES_NOT_ADD_UP, detail)


def reservations_add_up(stock: Stock, held: int, bought: int) -> Discrepancies:
    """What all orders hold and bought of the product is what its row says."""
    if stock.reserved != held:
        detail = f"{stock.reserved} reserved, but orders hold {held}"
        yield _of_product(stock, Kind.RESERVED_DOES_NOT_ADD_UP, detail)
    if stock.sold != bought:
        detail = f"{stock.sold} sold, but orders have bought {bought}"
        yield _of_product(stock, Kind.SOLD_DOES_NOT_ADD_UP, detail)


def movements_add_up(stock: Stock, moved: int) -> Discrepancies:
    """What the ledger says came and left is what was supplied, since there is one."""
    if stock.has_ledger and stock.supplied != moved:
        detail = f"{stock.supplied} supplied, but its movements are {moved}"
        yield _of_product(stock, Kind.MOVEMENTS_DO_NOT_ADD_UP, detail)


def _wrong_returns(
    snapshot: OrderSnapshot, order: Order, reservation: Reservation
) -> Discrepancies:
    """The goods of refunds with restocking are returned, and no others."""
    due = _to_be_returned(order, done_only=True)
    requested = _to_be_returned(order, done_only=False)
    for item in reservation.items:
        returned, product_id = item.returned or 0, item.product_id
        if not due[product_id] <= returned <= requested[product_id]:
            detail = f"{product_id}: {returned} are back, and refunds say {due[product_id]}"
            yield _discrepancy(snapshot, Kind.STOCK_NOT_RETURNED, detail)


def _to_be_returned(order: Order, done_only: bool) -> Counter[str]:
    total: Counter[str] = Counter()
    for refund in order.refunds or []:
        if refund.restock and (refund.is_done or not done_only):
            total.update({line.product_id: line.qty for line in refund.lines_to_restock})
    return total


def _count_ordered(order: Order) -> Counter[str]:
    total: Counter[str] = Counter()
    for line in order.lines:
        total[line.product_id] += line.qty
    return total


def _count_deducted(reservation: Reservation) -> Counter[str]:
    return Counter({item.product_id: item.qty for item in reservation.items})


def _discrepancy(
    snapshot: OrderSnapshot, kind: Kind, detail: str, repair: Repair | None = None
) -> Discrepancy:
    return Discrepancy(kind, detail, repair, snapshot.order_id)


def _of_product(stock: Stock, kind: Kind, detail: str) -> Discrepancy:
    return Discrepancy(kind, detail, product_id=stock.product_id)


RULES = (paid_order_is_deducted, unpaid_order_holds_nothing, reservation_expires)
