"""What must hold of stock: an order's goods were taken once if it was sold and not at all otherwise; a product's shelves add up."""

from collections import Counter
from collections.abc import Iterable, Iterator

from chalicelib.reconciliation.books import Books
from chalicelib.reconciliation.discrepancies import Discrepancy, Kind, Repair
from chalicelib.reconciliation.models import (
    COMMITTED,
    DONE,
    OPEN,
    RELEASED,
    RESERVED,
    Order,
    Reservation,
    Stock,
)
from common import clock

Found = Iterator[Discrepancy]

OVERDUE_SECONDS = 300  # product-service gives back what has expired every minute


def sold_is_deducted(books: Books, before: str) -> Found:
    """The goods of a confirmed order were deducted before it was confirmed: those goods, and no others. Judged at once."""
    order, held = books.order, books.reservation
    if order is None or not order.is_sold:
        return
    if held is None or held.status != COMMITTED:
        status = held.status if held else "absent"
        mends = None if status == RELEASED else Repair.COMMIT
        yield _of(
            books,
            Kind.STOCK_NOT_DEDUCTED,
            f"{order.status}, and its reservation is {status}",
            mends,
        )
        return
    if (ordered := _ordered(order)) != (taken := _taken(held)):
        yield _of(books, Kind.WRONG_GOODS, f"ordered {dict(ordered)}, deducted {dict(taken)}")
    yield from _returned(books, order, held)


def unsold_holds_nothing(books: Books, before: str) -> Found:
    """An order that has ended without a purchase holds no goods, once its checkout has had time to give them back."""
    order, held = books.order, books.reservation
    if held is None or held.status not in (RESERVED, COMMITTED) or held.updated_at > before:
        return
    if order and (not order.has_ended or order.updated_at > before):
        return
    reserved = held.status == RESERVED
    kind = Kind.STOCK_STILL_RESERVED if reserved else Kind.STOCK_DEDUCTED_FOR_NOTHING
    mends = Repair.RELEASE if order else None
    yield _of(
        books,
        kind,
        f"{order.status if order else 'no such order'}, and its stock is {held.status}",
        mends,
    )


def reservation_expires(books: Books, before: str) -> Found:
    """A reservation whose time is over is given back within minutes."""
    held = books.reservation
    if held and held.open == OPEN and held.expires_at < clock.epoch() - OVERDUE_SECONDS:
        yield _of(
            books,
            Kind.RESERVATION_OVERDUE,
            f"reserved until {clock.iso(held.expires_at)}, and still is",
        )


def shelves_add_up(stock: Stock) -> Found:
    """What is available, reserved and sold of a product is what was supplied, and none of it is below nothing."""
    shelves = {"available": stock.available, "reserved": stock.reserved, "sold": stock.sold}
    spoken = ", ".join(f"{count} {name}" for name, count in shelves.items())
    if min(shelves.values()) < 0:
        yield _of_product(stock.product_id, Kind.NEGATIVE_STOCK, spoken)
    if sum(shelves.values()) != stock.supplied:
        yield _of_product(
            stock.product_id, Kind.STOCK_DOES_NOT_ADD_UP, f"{spoken}, but {stock.supplied} supplied"
        )


def reservations_add_up(stocks: Iterable[Stock], reservations: Iterable[Reservation]) -> Found:
    """What all orders together have reserved and bought of each product is what its shelves say."""
    reserved: Counter[str] = Counter()
    sold: Counter[str] = Counter()
    for held in reservations:
        for item in held.items:
            if held.status == RESERVED:
                reserved[item.product_id] += item.qty
            elif held.status == COMMITTED:
                sold[item.product_id] += item.qty - (item.returned or 0)
    for stock in stocks:
        name = stock.product_id
        if stock.reserved != reserved[name]:
            what = f"{stock.reserved} reserved, but orders hold {reserved[name]}"
            yield _of_product(name, Kind.RESERVED_DOES_NOT_ADD_UP, what)
        if stock.sold != sold[name]:
            what = f"{stock.sold} sold, but orders have bought {sold[name]}"
            yield _of_product(name, Kind.SOLD_DOES_NOT_ADD_UP, what)


def _returned(books: Books, order: Order, held: Reservation) -> Found:
    """Goods of refunds that are done are on the shelf again, where they were to be put there; and no others are."""
    due, asked = _to_be_returned(order, done_only=True), _to_be_returned(order, done_only=False)
    for item in held.items:
        back = item.returned or 0
        if not due[item.product_id] <= back <= asked[item.product_id]:
            what = f"{item.product_id}: {back} are back, and refunds say {due[item.product_id]}"
            yield _of(books, Kind.STOCK_NOT_RETURNED, what)


def _to_be_returned(order: Order, done_only: bool) -> Counter[str]:
    total: Counter[str] = Counter()
    for refund in order.refunds or []:
        if refund.restock and (refund.status == DONE or not done_only):
            total.update({line.product_id: line.qty for line in refund.lines})
    return total


def _ordered(order: Order) -> Counter[str]:
    total: Counter[str] = Counter()
    for line in order.lines:
        total[line.product_id] += line.qty
    return total


def _taken(held: Reservation) -> Counter[str]:
    return Counter({item.product_id: item.qty for item in held.items})


def _of(books: Books, kind: Kind, detail: str, repair: Repair | None = None) -> Discrepancy:
    return Discrepancy(kind, detail, repair, books.order_id)


def _of_product(product_id: str, kind: Kind, detail: str) -> Discrepancy:
    return Discrepancy(kind, detail, product_id=product_id)


RULES = (sold_is_deducted, unsold_holds_nothing, reservation_expires)
