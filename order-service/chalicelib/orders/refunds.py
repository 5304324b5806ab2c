"""Request and complete refunds of paid orders.

Refunds are part of the order's row and written with an optimistic lock on its version: of
concurrent refunds the second sees what the first left, so that no more is refunded than was paid.
"""

import hashlib
from collections import Counter
from datetime import UTC, datetime, timedelta

import msgspec
from pynamodb.expressions.update import Action

from chalicelib.orders import lookups
from chalicelib.orders.errors import (
    IdempotencyKeyReused,
    NothingToRefund,
    OrderContended,
    OrderNotRefundable,
    RefundNotFound,
    RefundPeriodOver,
    RefundTooLarge,
    TooManyRefunds,
)
from chalicelib.orders.models import Order, Refund, RefundLine
from chalicelib.orders.pricing import Quantities, merge_lines
from chalicelib.orders.schemas import RefundAccepted, RefundOrder
from chalicelib.orders.statuses import PAID_STATUSES, OrderStatus, RefundStatus, statuses_before
from chalicelib.quotes.refund_shares import PaidLine, refund_share
from common import auth, clock, dynamodb, events, ids, settings
from common.auth import Caller
from common.retry import RetryPolicy
from common.roles import Scope
from common.routes import InvalidIdempotencyKey

MAX_REFUNDS = 50  # of one order: they are all in its row, which DynamoDB limits to 400 KB
CONFLICT_RETRIES = RetryPolicy(tries=8, pause_seconds=0.02)


def request_refund(
    order_id: str, caller: Caller, request: RefundOrder, key: str | None
) -> RefundAccepted:
    """Request a refund of some goods of a paid order, or of all that are left.

    Publishes RefundRequested. A customer may until REFUND_DAYS (default 14) after placing the
    order, staff always; only staff says whether the goods are restocked. Not undone.

    Idempotent with a key. Named items need one, because two equal refunds may both be meant. A
    refund of all that is left needs none: the existing one is the answer.

    Raises: OrderNotFound, InsufficientScope, OrderNotRefundable, RefundPeriodOver, NothingToRefund,
    RefundTooLarge, TooManyRefunds, OrderContended, InvalidIdempotencyKey when the key is missing,
    IdempotencyKeyReused when it came with another body.
    """
    if request.items is not None and key is None:
        raise InvalidIdempotencyKey(
            "Idempotency-Key: needed where items are named,"
            " because two equal refunds may both be meant"
        )
    for _ in CONFLICT_RETRIES.attempts():
        order = lookups.get_for(order_id, caller, Scope.REFUNDS_WRITE)
        _validate_restock(request, caller)
        refund = _find_repeated(order, request, key)
        if refund is None:
            _validate_refundable(order, caller)
            refund = _new_refund(order, caller, request, key)
            if not _save_refunds(order, [*(order.refunds or []), refund]):
                continue
        return RefundAccepted.of(refund, order)
    raise _contended(order_id)


def complete_refund(event: events.PaymentRefunded) -> None:
    """Mark a refund DONE, and its order PARTLY_REFUNDED or REFUNDED.

    Idempotent, in any order of events.

    Raises: OrderNotFound, RefundNotFound, OrderContended.
    """
    for _ in CONFLICT_RETRIES.attempts():
        order = lookups.get(event.order_id)
        refund = _get_refund(order, event.refund_id)
        if refund.status == RefundStatus.DONE:
            return
        refund.status, refund.done_at = RefundStatus.DONE, event.occurred_at
        if _save_refunds(order, order.refunds or [], _status_after_refund(order)):
            return
    raise _contended(event.order_id)


def _validate_restock(request: RefundOrder, caller: Caller) -> None:
    if request.restock is not None:
        auth.require_scope(caller, Scope.REFUNDS_WRITE)


def _find_repeated(order: Order, request: RefundOrder, key: str | None) -> Refund | None:
    """Return the refund that this request repeats, or None."""
    refunds = order.refunds or []
    by_key = [refund for refund in refunds if key and refund.refund_id == _keyed_id(order, key)]
    if by_key and by_key[0].request_hash != _hash(request):
        raise IdempotencyKeyReused("Idempotency-Key: used before, with another body")
    whole = [refund for refund in refunds if refund.whole and request.items is None]
    return next(iter(by_key or whole), None)


def _validate_refundable(order: Order, caller: Caller) -> None:
    if order.status not in PAID_STATUSES:
        raise OrderNotRefundable(f"{order.order_id} is {order.status}: nothing was paid for it")
    days = settings.integer("REFUND_DAYS", 14)
    age = datetime.now(UTC) - datetime.fromisoformat(order.created_at)
    if not caller.may(Scope.REFUNDS_WRITE) and age > timedelta(days=days):
        raise RefundPeriodOver(
            f"{order.order_id} was placed more than {days} days ago: please ask the shop"
        )
    if len(order.refunds or []) >= MAX_REFUNDS:
        raise TooManyRefunds(f"{order.order_id} has {MAX_REFUNDS} refunds, and cannot have more")


def _new_refund(order: Order, caller: Caller, request: RefundOrder, key: str | None) -> Refund:
    quantities = _refund_quantities(order, request)
    return Refund(
        refund_id=_keyed_id(order, key) if key else _whole_id(order, quantities),
        lines=[
            RefundLine(product_id=product_id, qty=qty) for product_id, qty in quantities.items()
        ],
        amount_minor=_refund_amount(order, quantities, request.items is None),
        whole=request.items is None,
        restock=request.restock is not False,
        reason=request.reason,
        requested_by=caller.user_id,
        request_hash=_hash(request),
        requested_at=clock.now(),
    )


def _refund_amount(order: Order, quantities: Quantities, is_whole: bool) -> int:
    """Return the share of these goods, or all that is left with shipping."""
    if is_whole:
        requested = sum(refund.amount_minor for refund in order.refunds or [])
        return int(order.total_minor - requested)
    left = _left_to_refund(order)
    lines = [
        PaidLine(
            line.product_id,
            line.qty,
            line.line_total_minor,
            line.qty - left.get(line.product_id, 0),
        )
        for line in order.lines
    ]
    return refund_share(lines, quantities)


def _refund_quantities(order: Order, request: RefundOrder) -> Quantities:
    """Return how many of each product to refund: the named items, or all that is left."""
    left = _left_to_refund(order)
    if request.items is None:
        if not left:
            raise NothingToRefund(f"{order.order_id}: all of it is refunded")
        return left
    quantities = merge_lines(request.items)
    too_many = [
        f"{product_id}: {qty} wanted, {left.get(product_id, 0)} left"
        for product_id, qty in quantities.items()
        if qty > left.get(product_id, 0)
    ]
    if too_many:
        raise RefundTooLarge("; ".join(too_many))
    return quantities


def _left_to_refund(order: Order) -> Quantities:
    """Return how many of each product no refund was requested for."""
    left = Counter({line.product_id: line.qty for line in order.lines})
    for refund in order.refunds or []:
        left.subtract({line.product_id: line.qty for line in refund.lines})
    return dict(+left)


def _get_refund(order: Order, refund_id: str) -> Refund:
    for refund in order.refunds or []:
        if refund.refund_id == refund_id:
            return refund
    raise RefundNotFound(f"{order.order_id} has no refund {refund_id}")


def _status_after_refund(order: Order) -> OrderStatus:
    is_done = all(refund.status == RefundStatus.DONE for refund in order.refunds or [])
    if is_done and not _left_to_refund(order):
        return OrderStatus.REFUNDED
    return OrderStatus.PARTLY_REFUNDED


def _save_refunds(order: Order, refunds: list[Refund], status: OrderStatus | None = None) -> bool:
    """Write the refunds and the status. False if the order changed since it was read."""
    actions: list[Action] = [Order.refunds.set(refunds), Order.updated_at.set(clock.now())]
    if status is None:
        return dynamodb.update_if(order, actions, Order.status.is_in(*PAID_STATUSES))
    actions.append(Order.status.set(status))
    return dynamodb.update_if(order, actions, Order.status.is_in(*statuses_before(status)))


def _contended(order_id: str) -> OrderContended:
    return OrderContended(f"{order_id} kept changing; try again")


def _keyed_id(order: Order, key: str) -> str:
    return ids.deterministic("REFUND", order.order_id, key)


def _whole_id(order: Order, quantities: Quantities) -> str:
    return ids.deterministic("REFUND", order.order_id, "whole", *sorted(quantities.items()))


def _hash(request: RefundOrder) -> str:
    return hashlib.sha256(msgspec.json.encode(request)).hexdigest()
