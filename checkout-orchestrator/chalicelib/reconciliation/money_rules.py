"""What must hold of an order's money: captured once, the total, in its currency; and given back where it is owed."""

from collections.abc import Iterator

from chalicelib.checkout.models import CREATED
from chalicelib.payments.models import FAILED, OPEN, REFUNDED, REFUNDING, SUCCEEDED, VOIDED
from chalicelib.reconciliation.books import Books, Intents
from chalicelib.reconciliation.discrepancies import Discrepancy, Kind, Repair
from chalicelib.reconciliation.models import DONE, Order, Refund
from common import money

Found = Iterator[Discrepancy]


def charge_is_right(books: Books, before: str) -> Found:
    """What is captured, and not all given back, is the order's total, in its currency, and captured once. Judged at once."""
    order = books.order
    paid = {
        key: intent for key, intent in books.intents.items() if intent.received > intent.refunded
    }
    if order is None:
        if paid:
            yield _of(books, Kind.CHARGE_WITHOUT_ORDER, f"{books.kept} captured: {', '.join(paid)}")
        return
    for key, intent in paid.items():
        if intent.received != order.total_minor:
            yield _of(
                books, Kind.WRONG_AMOUNT, f"{key}: {intent.received} captured of {_total(order)}"
            )
        if intent.currency != order.currency:
            yield _of(
                books,
                Kind.WRONG_CURRENCY,
                f"{key}: captured in {intent.currency} for {_total(order)}",
            )
    if len(paid) > 1:
        yield _of(books, Kind.CHARGED_TWICE, f"captured {len(paid)} times: {', '.join(paid)}")


def sold_is_paid(books: Books, before: str) -> Found:
    """A confirmed order was paid before it was confirmed, and its payment's row says so. The first is judged at once."""
    order, payment = books.order, books.payment
    if order is None or not order.is_sold or order.total_minor == 0:
        return
    if books.captured == 0:
        yield _of(
            books,
            Kind.CONFIRMED_BUT_NOT_PAID,
            f"{order.status}, and nothing captured of {_total(order)}",
        )
    elif payment is None:
        yield _of(
            books,
            Kind.PAYMENT_CONTRADICTS,
            f"{order.status} and paid, and there is no row of its payment",
        )
    elif payment.status in {*OPEN, FAILED, VOIDED} and payment.updated_at <= before:
        yield _of(
            books,
            Kind.PAYMENT_CONTRADICTS,
            f"{order.status} and paid, and its payment is {payment.status}",
        )


def unsold_is_not_paid(books: Books, before: str) -> Found:
    """An order that is not confirmed keeps nobody's money, once its checkout has had time to end."""
    order, payment = books.order, books.payment
    if order is None or order.is_sold or order.updated_at > before or books.kept <= 0:
        return
    if payment and payment.updated_at > before:
        return
    what = f"{order.status}, and {money.format_amount(books.kept, order.currency)} captured and not given back"
    if payment and payment.status == REFUNDED:
        yield _of(books, Kind.REFUND_MISSING, f"{what}, though its payment is {REFUNDED}")
    else:
        mends = Repair.REFUND if order.has_ended and payment else None
        yield _of(books, Kind.PAID_BUT_NOT_CONFIRMED, what, mends)


def payment_moves_on(books: Books, before: str) -> Found:
    """A payment of an order that has ended comes to its end, and one that is being given back is given back."""
    order, payment = books.order, books.payment
    if payment is None or payment.updated_at > before or (order and order.updated_at > before):
        return
    if order is None or order.status == CREATED or (order.has_ended and books.kept > 0):
        return  # the last is told as PaidButNotConfirmed
    unfinished = {REFUNDING} if order.is_sold else {REFUNDING, SUCCEEDED, *OPEN}
    if payment.status in unfinished:
        mends = Repair.REFUND if order.has_ended else None
        what = f"the order is {order.status}, and its payment {payment.status} since {payment.updated_at}"
        yield _of(books, Kind.PAYMENT_STUCK, what, mends)


def refunds_are_made(books: Books, before: str) -> Found:
    """The gateway has given back what the refunds of a confirmed order say that are done, and never more than all of them."""
    order = books.order
    if order is None or not order.is_sold:
        return
    refunds: list[Refund] = order.refunds or []
    done = sum(refund.amount_minor for refund in refunds if refund.status == DONE)
    wanted = sum(refund.amount_minor for refund in refunds)
    made = books.own.refunded if books.own else 0
    back = f"{money.format_amount(made, order.currency)} given back"
    if made < done:
        yield _of(
            books,
            Kind.REFUND_MISSING,
            f"{back}, and the order says {money.format_amount(done, order.currency)}",
        )
    if made > wanted:
        yield _of(
            books,
            Kind.REFUNDED_TOO_MUCH,
            f"{back} of {money.format_amount(wanted, order.currency)} asked for",
        )
    overdue = [
        refund for refund in refunds if refund.status != DONE and refund.requested_at <= before
    ]
    for refund in overdue:
        what = f"{refund.refund_id}: {refund.status} since {refund.requested_at}"
        yield _of(books, Kind.REFUND_OVERDUE, what, Repair.REFUND_AGAIN)


def strays(intents: Intents) -> Found:
    """No money comes in that belongs to no order. Judged at once."""
    for key, intent in intents.items():
        if intent.received > intent.refunded:
            what = f"{money.format_amount(intent.received, intent.currency)} captured: {key}"
            yield Discrepancy(Kind.CHARGE_WITHOUT_ORDER, what, intents=(key,))


def _total(order: Order) -> str:
    return money.format_amount(order.total_minor, order.currency)


def _of(books: Books, kind: Kind, detail: str, repair: Repair | None = None) -> Discrepancy:
    return Discrepancy(kind, detail, repair, books.order_id or None, intents=tuple(books.intents))


RULES = (charge_is_right, sold_is_paid, unsold_is_not_paid, payment_moves_on, refunds_are_made)
