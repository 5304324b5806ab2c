"""Rules for an order's money: captured once, its total, refunded where owed."""

from collections.abc import Iterator

from chalicelib.discrepancies.models import Discrepancy, Kind, Repair
from chalicelib.payments.gateways.port import Intent
from chalicelib.payments.models import OPEN_STATUSES, Payment, PaymentStatus
from chalicelib.readmodels.orders import Order, OrderRefund, OrderStatus, RefundStatus
from chalicelib.reconciliation.snapshot import OrderSnapshot
from common import money

Discrepancies = Iterator[Discrepancy]

_NOT_PAID = {*OPEN_STATUSES, PaymentStatus.FAILED, PaymentStatus.VOIDED}


def charge_is_right(snapshot: OrderSnapshot, settled_before: str) -> Discrepancies:
    """What is captured is the order's total, once. Judged at once."""
    order = snapshot.order
    charges = {key: intent for key, intent in snapshot.intents.items() if intent.kept > 0}
    if order is None:
        if charges:
            detail = f"{snapshot.kept} captured: {', '.join(charges)}"
            yield _discrepancy(snapshot, Kind.CHARGE_WITHOUT_ORDER, detail)
        return
    for key, intent in charges.items():
        yield from _wrong_charge(snapshot, order, key, intent)
    if len(charges) > 1:
        detail = f"captured {len(charges)} times: {', '.join(charges)}"
        yield _discrepancy(snapshot, Kind.CHARGED_TWICE, detail)


def parts_sum_to_total(snapshot: OrderSnapshot, settled_before: str) -> Discrepancies:
    """What lines and shipping cost is the order's total. Judged at once."""
    order = snapshot.order
    if order is None:
        return
    parts = [line.line_total_minor for line in order.lines]
    if order.shipping is not None:
        parts.append(order.shipping.total_minor)
    if None not in parts and sum(parts) != order.total_minor:
        detail = f"{_total(order)}, and its parts are {parts}"
        yield _discrepancy(snapshot, Kind.PRICE_DOES_NOT_ADD_UP, detail)


def paid_order_is_charged(snapshot: OrderSnapshot, settled_before: str) -> Discrepancies:
    """A confirmed order was captured before, and its payment's row says so."""
    order, payment, own = snapshot.order, snapshot.payment, snapshot.payment_intent
    if order is None or not order.is_paid or order.total_minor == 0:
        return
    if snapshot.captured == 0:
        detail = f"{order.status}, and nothing captured of {_total(order)}"
        yield _discrepancy(snapshot, Kind.CONFIRMED_BUT_NOT_PAID, detail)
    elif payment is None:
        detail = f"{order.status} and paid, and there is no row of its payment"
        yield _discrepancy(snapshot, Kind.PAYMENT_CONTRADICTS, detail)
    elif payment.status in _NOT_PAID and payment.updated_at <= settled_before:
        detail = f"{order.status} and paid, and its payment is {payment.status}"
        yield _discrepancy(snapshot, Kind.PAYMENT_CONTRADICTS, detail)
    elif own is not None and own.received == 0:
        detail = f"{order.status} and paid, and not by its payment's {payment.intent_id}"
        yield _discrepancy(snapshot, Kind.PAYMENT_CONTRADICTS, detail)


def unpaid_order_is_not_charged(snapshot: OrderSnapshot, settled_before: str) -> Discrepancies:
    """Nothing stays captured for an order that ended unconfirmed."""
    order, payment = snapshot.order, snapshot.payment
    if order is None or order.is_paid or order.updated_at > settled_before or snapshot.kept <= 0:
        return
    if payment and payment.updated_at > settled_before:
        return
    kept = money.format_amount(snapshot.kept, order.currency)
    detail = f"{order.status}, and {kept} captured and not refunded"
    if payment and payment.status == PaymentStatus.REFUNDED:
        detail = f"{detail}, though its payment is {PaymentStatus.REFUNDED}"
        yield _discrepancy(snapshot, Kind.REFUND_MISSING, detail)
    else:
        repair = Repair.REFUND if order.has_ended_unpaid and payment else None
        yield _discrepancy(snapshot, Kind.PAID_BUT_NOT_CONFIRMED, detail, repair)


def payment_ends(snapshot: OrderSnapshot, settled_before: str) -> Discrepancies:
    """The payment of an order that has ended has ended, too.

    One with money left is reported as PaidButNotConfirmed.
    """
    order, payment = snapshot.order, snapshot.payment
    if payment is None or payment.updated_at > settled_before:
        return
    if order is None or order.status == OrderStatus.CREATED or order.updated_at > settled_before:
        return
    if order.has_ended_unpaid and snapshot.kept > 0:
        return
    if _is_unfinished(payment, order):
        detail = (
            f"the order is {order.status}, and its payment {payment.status} "
            f"since {payment.updated_at}"
        )
        repair = Repair.REFUND if order.has_ended_unpaid else None
        yield _discrepancy(snapshot, Kind.PAYMENT_STUCK, detail, repair)


def refunds_are_made(snapshot: OrderSnapshot, settled_before: str) -> Discrepancies:
    """The gateway refunded what is done, and no more than was requested."""
    order = snapshot.order
    if order is None or not order.is_paid:
        return
    refunds: list[OrderRefund] = order.refunds or []
    due = sum(refund.amount_minor for refund in refunds if refund.is_done)
    requested = sum(refund.amount_minor for refund in refunds if not refund.is_failed)
    made = snapshot.payment_intent.refunded if snapshot.payment_intent else 0
    refunded = f"{money.format_amount(made, order.currency)} refunded"
    if made < due:
        detail = f"{refunded}, and the order says {money.format_amount(due, order.currency)}"
        yield _discrepancy(snapshot, Kind.REFUND_MISSING, detail)
    if made > requested:
        detail = f"{refunded} of {money.format_amount(requested, order.currency)} requested"
        yield _discrepancy(snapshot, Kind.REFUNDED_TOO_MUCH, detail, Repair.BOOK_REFUNDS)
    is_due = snapshot.payment is None or not snapshot.payment.is_disputed
    for refund in refunds:
        if refund.is_failed and requested < order.total_minor:
            detail = f"{refund.refund_id}: {refund.status} at the gateway; request it again"
            yield _discrepancy(snapshot, Kind.REFUND_MISSING, detail)
        elif (
            is_due
            and refund.status == RefundStatus.REQUESTED
            and refund.requested_at <= settled_before
        ):
            detail = f"{refund.refund_id}: {refund.status} since {refund.requested_at}"
            yield _discrepancy(snapshot, Kind.REFUND_OVERDUE, detail, Repair.REFUND_AGAIN)


def disputes_are_known(snapshot: OrderSnapshot, settled_before: str) -> Discrepancies:
    """The order says of each dispute what its payment says."""
    order, payment = snapshot.order, snapshot.payment
    if order is None or payment is None or payment.updated_at > settled_before:
        return
    known = {dispute.dispute_id: dispute.status for dispute in order.disputes or []}
    for dispute in payment.disputes:
        status = known.get(dispute.dispute_id)
        if order.is_paid and status != dispute.status:
            detail = f"{dispute.dispute_id} is {dispute.status}, and {status} on the order"
            yield _discrepancy(snapshot, Kind.DISPUTE_CONTRADICTS, detail)


def _wrong_charge(snapshot: OrderSnapshot, order: Order, key: str, intent: Intent) -> Discrepancies:
    if intent.received != order.total_minor:
        detail = f"{key}: {intent.received} captured of {_total(order)}"
        yield _discrepancy(snapshot, Kind.WRONG_AMOUNT, detail)
    if intent.currency != order.currency:
        detail = f"{key}: captured in {intent.currency} for {_total(order)}"
        yield _discrepancy(snapshot, Kind.WRONG_CURRENCY, detail)


def _is_unfinished(payment: Payment, order: Order) -> bool:
    if payment.status == PaymentStatus.REFUNDING:
        return True
    return not order.is_paid and (payment.is_open or payment.status == PaymentStatus.SUCCEEDED)


def _total(order: Order) -> str:
    return money.format_amount(order.total_minor, order.currency)


def _discrepancy(
    snapshot: OrderSnapshot, kind: Kind, detail: str, repair: Repair | None = None
) -> Discrepancy:
    intents = tuple(snapshot.intents)
    return Discrepancy(kind, detail, repair, snapshot.order_id or None, intents=intents)


RULES = (
    parts_sum_to_total,
    charge_is_right,
    paid_order_is_charged,
    unpaid_order_is_not_charged,
    payment_ends,
    refunds_are_made,
    disputes_are_known,
)
