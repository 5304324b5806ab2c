"""What must hold of an order's course, and of what others were told of it."""

from collections import Counter
from collections.abc import Iterator

from chalicelib.checkout.models import CREATED
from chalicelib.notifications.models import SENT, SETTLED
from chalicelib.notifications.service import CUSTOMER, RECEIPT
from chalicelib.reconciliation.books import Books
from chalicelib.reconciliation.discrepancies import Discrepancy, Kind, Repair
from common import money

Found = Iterator[Discrepancy]

CONFIRMED_NOTICE = "ORDER_CONFIRMED"
FAILED_NOTICE = "ORDER_FAILED"
CANCELLED_NOTICE = "ORDER_CANCELLED"
_ENDINGS = (FAILED_NOTICE, CANCELLED_NOTICE)
_ONCE = (CONFIRMED_NOTICE, FAILED_NOTICE, CANCELLED_NOTICE, RECEIPT)


def order_moves_on(books: Books, before: str) -> Found:
    """An order does not stay CREATED for longer than its saga takes, all its waits together."""
    order = books.order
    if order is None or order.status != CREATED or order.created_at > before:
        return
    saga = books.saga or "was never started"
    what = f"{CREATED} since {order.created_at}; its checkout {saga}"
    yield _of(books, Kind.ORDER_STUCK, what, None if books.saga else Repair.START)


def customer_is_told(books: Books, before: str) -> Found:
    """The customer of an order that has come to its end was told which one."""
    order = books.order
    if order is None or order.status == CREATED or order.updated_at > before:
        return
    expected = (CONFIRMED_NOTICE,) if order.is_sold else _ENDINGS
    if not any(kind in expected for kind in _told(books)):
        yield _of(
            books,
            Kind.NOT_NOTIFIED,
            f"{order.status}, and its customer was not told",
            Repair.NOTIFY,
        )


def customer_is_told_once(books: Books, before: str) -> Found:
    """Nobody is told the same twice, or that an order is confirmed and that it is not."""
    told = _told(books)
    sent = [(row.kind, row.audience, row.type) for row in books.notices if row.status == SENT]
    twice = [kind for (kind, *_), count in Counter(sent).items() if count > 1 and kind in _ONCE]
    if CONFIRMED_NOTICE in told and told & set(_ENDINGS):
        twice.append(f"{CONFIRMED_NOTICE}, and that it failed")
    if twice:
        yield _of(books, Kind.NOTIFIED_TWICE, f"told twice: {', '.join(twice)}")


def order_done_is_heard(books: Books, before: str) -> Found:
    """A confirmed order has its receipt, its row in the audit, and its place in the report."""
    order = books.order
    if order is None or not order.is_sold or order.updated_at > before:
        return
    reached = {
        "the receipt": RECEIPT in _told(books),
        "the audit": books.audited is not None,
        "analytics": books.heard is not None,
    }
    if missing := [name for name, is_there in reached.items() if not is_there]:
        yield _of(books, Kind.ORDER_DONE_NOT_HEARD, f"without {', '.join(missing)}", Repair.PUBLISH)


def order_done_is_true(books: Books, before: str) -> Found:
    """Nothing is booked as sold that was not, or at another price. Judged at once: order.done comes after the confirmation."""
    order, audited = books.order, books.audited
    sold = order is not None and order.is_sold
    if not sold and (audited or books.heard):
        where = "audit" if audited else "report"
        yield _of(
            books,
            Kind.ORDER_DONE_FOR_NOTHING,
            f"in the {where}, but {order.status if order else 'no order'}",
        )
    elif (
        order
        and audited
        and (audited.total_minor, audited.currency) != (order.total_minor, order.currency)
    ):
        booked = money.format_amount(audited.total_minor, audited.currency)
        total = money.format_amount(order.total_minor, order.currency)
        yield _of(
            books,
            Kind.ORDER_DONE_FOR_NOTHING,
            f"{booked} in the audit, but the order is of {total}",
        )


def _told(books: Books) -> set[str]:
    """Of what the customer was told, or would have been, had the account not been deleted."""
    rows = (row for row in books.notices if row.status in SETTLED and row.audience == CUSTOMER)
    return {row.kind for row in rows if row.kind}


def _of(books: Books, kind: Kind, detail: str, repair: Repair | None = None) -> Discrepancy:
    return Discrepancy(kind, detail, repair, books.order_id)


RULES = (
    order_moves_on,
    customer_is_told,
    customer_is_told_once,
    order_done_is_heard,
    order_done_is_true,
)
