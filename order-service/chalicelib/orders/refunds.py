"""Request refunds of paid orders, and ask for them again.

Refunds are part of the order's row and written with an optimistic lock on its version: of
concurrent refunds the second sees what the first left, so that no more is refunded than was paid.
"""

import hashlib
import time

import msgspec

from chalicelib.orders import lookups
from chalicelib.orders.errors import (
    IdempotencyKeyReused,
    NothingToRefund,
    OrderNotRefundable,
    RefundTooLarge,
    TooManyRefunds,
)
from chalicelib.orders.models import Order, Refund
from chalicelib.orders.pricing import Quantities, merge_lines
from chalicelib.orders.refund_amounts import (
    count_goods_left,
    price_goods,
    sum_money_left,
    sum_shipping_left,
    validate_undisputed,
)
from chalicelib.orders.refund_records import (
    CONFLICT_RETRIES,
    contended,
    refund_lines,
    save_refunds,
    status_after_refund,
)
from chalicelib.orders.schemas import RefundOrder
from chalicelib.orders.statuses import PAID_STATUSES, RefundStatus
from chalicelib.orders.views import RefundAccepted
from common import clock, ids, money
from common.auth import Caller
from common.roles import Scope
from common.routes import InvalidIdempotencyKey

ASK_AGAIN_SECONDS = 300
MAX_REFUNDS = 50  # of one order: they are all in its row, which DynamoDB limits to 400 KB


def request_refund(
    order_id: str, caller: Caller, request: RefundOrder, key: str | None
) -> RefundAccepted:
    """Request a refund of goods or an amount of a paid order, or of all that is left.

    Publishes RefundRequested. Keeps who requested it, and why. Not undone.

    Idempotent with a key. Parts need one, because two equal refunds may both be meant. A refund
    of all that is left needs none: the existing one is the answer. One that is not made is
    published again after a while, and one that failed is tried again.

    Raises: OrderNotFound, OrderNotRefundable, OrderDisputed,
    NothingToRefund, RefundTooLarge, TooManyRefunds,
    OrderContended, InvalidAmount, InvalidIdempotencyKey when the key is missing,
    IdempotencyKeyReused when it came with another body.
    """
    if not request.is_whole and key is None:
        raise InvalidIdempotencyKey(
            "Idempotency-Key: needed for a part, because two equal refunds may both be meant"
        )
    for _ in CONFLICT_RETRIES.attempts():
        order = lookups.get_for(order_id, caller, Scope.REFUNDS_WRITE)
        refund = _find_repeated(order, request, key)
        if refund is None:
            validate_refundable(order)
            refund = _new_refund(order, caller, request, key)
            is_saved = save_refunds(order, [*(order.refunds or []), refund])
        else:
            is_saved = ask_again(order, refund)
        if is_saved:
            return RefundAccepted.of(refund, order)
    raise contended(order_id)


def ask_again(order: Order, refund: Refund) -> bool:
    """Publish a refund that is not made once more.

    Returns False if the order changed since it was read. Raises: NothingToRefund.
    """
    if refund.status == RefundStatus.FAILED:
        validate_undisputed(order)
        if refund.amount_minor > sum_money_left(order):
            raise NothingToRefund(f"{order.order_id}: {refund.refund_id} was refunded otherwise")
        refund.status, refund.attempt = RefundStatus.REQUESTED, refund.attempt + 1
        refund.requested_at = clock.now()
    elif refund.status == RefundStatus.DONE or not _is_waiting_long(refund):
        return True
    else:
        refund.asked_at = clock.now()
    return save_refunds(order, order.refunds or [], status_after_refund(order))


def _is_waiting_long(refund: Refund) -> bool:
    since: str = refund.asked_at or refund.requested_at
    return since < clock.iso(time.time() - ASK_AGAIN_SECONDS)


def _find_repeated(order: Order, request: RefundOrder, key: str | None) -> Refund | None:
    """Return the refund that this request repeats, or None."""
    refunds = order.refunds or []
    by_key = [refund for refund in refunds if key and refund.refund_id == _keyed_id(order, key)]
    if by_key and by_key[0].request_hash != _hash(request):
        raise IdempotencyKeyReused("Idempotency-Key: used before, with another body")
    whole = [refund for refund in refunds if refund.whole and request.is_whole]
    return next(iter(by_key or whole), None)


def validate_refundable(order: Order) -> None:
    """Require that the order can have one more refund.

    Raises: OrderNotRefundable, TooManyRefunds, OrderDisputed.
    """
    if order.status not in PAID_STATUSES:
        raise OrderNotRefundable(f"{order.order_id} is {order.status}: nothing was paid for it")
    if len(order.refunds or []) >= MAX_REFUNDS:
        raise TooManyRefunds(f"{order.order_id} has {MAX_REFUNDS} refunds, and cannot have more")
    validate_undisputed(order)


def _new_refund(order: Order, caller: Caller, request: RefundOrder, key: str | None) -> Refund:
    quantities = _refund_quantities(order, request)
    shipping = money.minor(request.shipping or 0, order.currency)
    refund = Refund(
        refund_id=_keyed_id(order, key) if key else _whole_id(order, quantities),
        lines=refund_lines(quantities),
        amount_minor=_refund_amount(order, request, quantities) + shipping,
        shipping_minor=shipping or None,
        whole=request.is_whole,
        restock=bool(quantities) and request.restock is not False,
        reason=request.reason,
        requested_by=caller.user_id,
        request_hash=_hash(request),
        requested_at=clock.now(),
    )
    _validate_left(order, refund)
    return refund


def _refund_amount(order: Order, request: RefundOrder, quantities: Quantities) -> int:
    """Return what is refunded besides shipping, in minor units."""
    if request.is_whole:
        return sum_money_left(order)
    if request.amount is not None:
        return money.minor(request.amount, order.currency)
    return price_goods(order, quantities)


def _refund_quantities(order: Order, request: RefundOrder) -> Quantities:
    """Return how many of each product to refund: the named items, or all that is left."""
    left = count_goods_left(order)
    if request.is_whole:
        return left
    quantities = merge_lines(request.items or [])
    too_many = [
        f"{product_id}: {qty} wanted, {left.get(product_id, 0)} left"
        for product_id, qty in quantities.items()
        if qty > left.get(product_id, 0)
    ]
    if too_many:
        raise RefundTooLarge("; ".join(too_many))
    return quantities


def _validate_left(order: Order, refund: Refund) -> None:
    """Require that so much money is left. Raises: NothingToRefund, RefundTooLarge."""
    left, shipping_left = sum_money_left(order), sum_shipping_left(order)
    if left == 0 and not (refund.whole and refund.lines):
        raise NothingToRefund(f"{order.order_id}: all of it is refunded")
    if refund.amount_minor > left:
        shown = money.format_amount(refund.amount_minor, order.currency)
        raise RefundTooLarge(f"{shown} wanted, {money.format_amount(left, order.currency)} left")
    if (refund.shipping_minor or 0) > shipping_left:
        shown = money.format_amount(refund.shipping_minor, order.currency)
        left_text = money.format_amount(shipping_left, order.currency)
        raise RefundTooLarge(f"shipping: {shown} wanted, {left_text} left")


def _keyed_id(order: Order, key: str) -> str:
    return ids.deterministic("REFUND", order.order_id, key)


def _whole_id(order: Order, quantities: Quantities) -> str:
    return ids.deterministic("REFUND", order.order_id, "whole", *sorted(quantities.items()))


def _hash(request: RefundOrder) -> str:
    return hashlib.sha256(msgspec.json.encode(request)).hexdigest()
