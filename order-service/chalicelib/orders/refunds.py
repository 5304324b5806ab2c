"""The verbs of the refund: goods of a paid order are given back, and their price with them.

What is refunded is written on the order's own row, on the version of it that was read: of two refunds at the same time the
second one counts what the first one left, so that never more is given back than was paid.
"""

import hashlib
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec
from pynamodb.exceptions import UpdateError
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
from chalicelib.orders.models import (
    DONE,
    PAID,
    PARTLY_REFUNDED,
    REFUNDED,
    Order,
    Refund,
    RefundLine,
    before,
)
from chalicelib.orders.schemas import Line, RefundOrder, RequestedRefund
from common import clock, dynamodb, events, http, ids, settings
from common.auth import AdminOnly, Caller

MOST_REFUNDS = 50  # of one order: they are all in its row, which DynamoDB keeps below 400 KB
_TRIES = 8
_PAUSE_SECONDS = 0.02

Quantities = dict[str, int]
Answer = TypeVar("Answer")


def request_refund(
    order_id: str, who: Caller, wanted: RefundOrder, key: str | None
) -> RequestedRefund:
    """Ask for the price of some goods of a paid order, or of all that are left; announces RefundRequested.

    A customer may, of their own order, until REFUND_DAYS (default 14) after it was placed; an admin always, and says whether the
    goods go back on the shelf. Raises OrderNotFound, AdminOnly, OrderNotRefundable, RefundPeriodOver, NothingToRefund,
    RefundTooLarge, TooManyRefunds, OrderContended.

    Safe to repeat: with the same key the same body gets the first answer again, another one raises IdempotencyKeyReused.
    Two equal refunds of some goods may both be meant, so those need a key: InvalidIdempotencyKey. A refund of all that is
    left needs none: once it is there, it is the answer. Not undone.
    """
    if wanted.items is not None and key is None:
        raise http.InvalidIdempotencyKey(
            "Idempotency-Key: needed where items are named, because two equal refunds may both be meant"
        )
    return _in_turn(order_id, lambda: _requested(lookups.visible(order_id, who), who, wanted, key))


def complete_refund(event: events.PaymentRefunded) -> None:
    """The price was given back: the refund is DONE, and the order PARTLY_REFUNDED, or REFUNDED once nothing is left.

    Raises OrderNotFound, RefundNotFound, OrderContended. Safe to repeat, and in any order.
    """
    _in_turn(event.order_id, lambda: _completed(lookups.stored(event.order_id), event))


def _requested(order: Order, who: Caller, wanted: RefundOrder, key: str | None) -> RequestedRefund:
    """The refund that is meant, written down now if it was not."""
    if wanted.restock is not None and not who.is_admin:
        raise AdminOnly("restock: only an admin says whether goods go back on the shelf")
    earlier = _earlier(order, wanted, key)
    if earlier is None:
        _insist_on_refundable(order, who)
        earlier = _new(order, who, wanted, key)
        _rewrite(order, [*(order.refunds or []), earlier])
    return RequestedRefund.of(earlier, order)


def _earlier(order: Order, wanted: RefundOrder, key: str | None) -> Refund | None:
    """The refund that this request repeats, if it repeats one."""
    refunds = order.refunds or []
    by_key = [refund for refund in refunds if key and refund.refund_id == _keyed_id(order, key)]
    if by_key and by_key[0].request_hash != _hash(wanted):
        raise IdempotencyKeyReused("Idempotency-Key: used before, with another body")
    whole = [refund for refund in refunds if refund.whole and wanted.items is None]
    return next(iter(by_key or whole), None)


def _insist_on_refundable(order: Order, who: Caller) -> None:
    if order.status not in PAID:
        raise OrderNotRefundable(f"{order.order_id} is {order.status}: nothing was paid for it")
    days = settings.integer("REFUND_DAYS", 14)
    placed = datetime.fromisoformat(order.created_at)
    if not who.is_admin and datetime.now(UTC) - placed > timedelta(days=days):
        raise RefundPeriodOver(
            f"{order.order_id} was placed more than {days} days ago: please ask the shop"
        )
    if len(order.refunds or []) >= MOST_REFUNDS:
        raise TooManyRefunds(f"{order.order_id} has {MOST_REFUNDS} refunds, and cannot have more")


def _new(order: Order, who: Caller, wanted: RefundOrder, key: str | None) -> Refund:
    quantities = _quantities(order, wanted)
    price = {line.product_id: line.price_minor for line in order.lines}
    return Refund(
        refund_id=_keyed_id(order, key) if key else _whole_id(order, quantities),
        lines=[
            RefundLine(product_id=product_id, qty=qty) for product_id, qty in quantities.items()
        ],
        amount_minor=sum(price[product_id] * qty for product_id, qty in quantities.items()),
        whole=wanted.items is None,
        restock=wanted.restock is not False,
        reason=wanted.reason,
        requested_by=who.user_id,
        request_hash=_hash(wanted),
        requested_at=clock.now(),
    )


def _quantities(order: Order, wanted: RefundOrder) -> Quantities:
    """How many of which product the refund is about; never more than is left."""
    left = _left(order)
    if wanted.items is None:
        if not left:
            raise NothingToRefund(f"{order.order_id}: all of it is refunded")
        return left
    asked = _merged(wanted.items)
    too_many = [
        f"{product_id}: {qty} wanted, {left.get(product_id, 0)} left"
        for product_id, qty in asked.items()
        if qty > left.get(product_id, 0)
    ]
    if too_many:
        raise RefundTooLarge("; ".join(too_many))
    return asked


def _left(order: Order) -> Quantities:
    """What no refund was asked for yet."""
    left = Counter({line.product_id: line.qty for line in order.lines})
    for refund in order.refunds or []:
        left.subtract({line.product_id: line.qty for line in refund.lines})
    return dict(+left)


def _merged(lines: Iterable[Line]) -> Quantities:
    quantities: Counter[str] = Counter()
    for line in lines:
        quantities[ids.parse("PROD", line.product_id)] += line.qty
    return dict(quantities)


def _completed(order: Order, event: events.PaymentRefunded) -> None:
    refunds = order.refunds or []
    meant = next((refund for refund in refunds if refund.refund_id == event.refund_id), None)
    if meant is None:
        raise RefundNotFound(f"{order.order_id} has no refund {event.refund_id}")
    if meant.status == DONE:
        return
    meant.status, meant.done_at = DONE, event.occurred_at
    all_back = not _left(order) and all(refund.status == DONE for refund in refunds)
    _rewrite(order, refunds, REFUNDED if all_back else PARTLY_REFUNDED)


def _rewrite(order: Order, refunds: list[Refund], status: str | None = None) -> None:
    """Write the refunds, and the status if it is given, on the version of the order that was read."""
    actions: list[Action] = [Order.refunds.set(refunds), Order.updated_at.set(clock.now())]
    if status is None:
        order.update(actions)
    else:
        order.update(
            [*actions, Order.status.set(status)], condition=Order.status.is_in(*before(status))
        )


def _in_turn(order_id: str, deed: Callable[[], Answer]) -> Answer:
    """What the deed gives, done anew on the order as it then is as long as others write it first; TRIES times at most."""
    for attempt in range(_TRIES):
        try:
            return deed()
        except UpdateError as refusal:
            if not dynamodb.is_condition_failure(refusal):
                raise
        # Full jitter: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
        time.sleep(random.uniform(0, _PAUSE_SECONDS * 2**attempt))
    raise OrderContended(f"{order_id} kept changing; try again")


def _keyed_id(order: Order, key: str) -> str:
    return ids.deterministic("REFUND", order.order_id, key)


def _whole_id(order: Order, quantities: Quantities) -> str:
    return ids.deterministic("REFUND", order.order_id, "whole", *sorted(quantities.items()))


def _hash(wanted: RefundOrder) -> str:
    return hashlib.sha256(msgspec.json.encode(wanted)).hexdigest()
