"""The verbs of the order.

Every change of status is one conditional write on the order's row: whoever comes second finds the status that the first
one gave, so that an order is confirmed, failed or cancelled, and never two of them.
"""

import hashlib
from typing import Any

import msgspec
from chalice import ChaliceViewError
from pynamodb.exceptions import PutError, UpdateError
from pynamodb.expressions.update import Action

from chalicelib.orders import lookups, measures, pricing
from chalicelib.orders.errors import (
    IdempotencyKeyReused,
    OrderAlreadyConfirmed,
    OrderAlreadyEnded,
    OrderCancelled,
    OrderNotPayable,
)
from chalicelib.orders.models import (
    CANCELLED,
    CONFIRMED,
    CREATED,
    PAID,
    ByCustomer,
    Order,
    before,
    placed_on,
)
from chalicelib.orders.schemas import (
    ConfirmOrder,
    CreatedOrder,
    CreateOrder,
    FailOrder,
    Line,
    OrdersQuery,
    OrderStatus,
    OrderView,
    Terms,
    ValidateOrder,
    ValidOrder,
)
from common import clock, dynamodb, http, ids, log, money
from common.auth import Caller

_READ_AT_ONCE = 100  # rows behind one page of a filtered list
_LONGEST = 128  # of what a cursor names; DynamoDB takes keys of a kilobyte

Key = dict[str, Any]


def create_order(user_id: str, wanted: CreateOrder, key: str | None) -> CreatedOrder:
    """Place an order at today's prices; announces OrderCreated. Nothing is reserved or charged yet.

    Raises what `pricing.quote` raises. Safe to repeat with the same idempotency key: the same body gets the first answer
    again, whatever became of the order or the prices since; another body raises IdempotencyKeyReused. Undone by
    `cancel_order`.
    """
    order_id = ids.deterministic("ORDER", user_id, key) if key else ids.new("ORDER")
    order = _place(order_id, user_id, wanted.cart_items, wanted, _hash(wanted) if key else None)
    return CreatedOrder(
        order_id=order.order_id,
        status=CREATED,
        total_amount=money.decimal(order.total_minor, order.currency),
        currency=order.currency,
        created_at=order.created_at,
    )


def validate_order(step: ValidateOrder) -> ValidOrder:
    """The order that a checkout is about, fit to be paid; with `items` it is placed first, unless it is there already.

    Raises OrderNotFound, OrderCancelled or OrderNotPayable; when placing also IdempotencyKeyReused and what `pricing.quote`
    raises. Safe to repeat: an order keeps the prices that it was placed at, and its stock is not looked at again (it may
    hold the last pieces itself). Undone by `fail_order`.

    Whoever places a CONFIRMED order again gets it as it is, refunded or not: it was bought, once. A saga that starts over
    on it must not go on to reserve and charge: OrderNotPayable.
    """
    if step.items is None:
        order = lookups.stored(step.order_id)
        fit = {CREATED}
    else:
        order = _place(step.order_id, str(step.user_id), step.items, step, step.request_hash)
        fit = {CREATED, *PAID}
    if order.status not in fit:
        raise _not_payable(order)
    return ValidOrder.of(order)


def get_order(order_id: str, who: Caller) -> OrderView:
    """One order; OrderNotFound if there is none, or if it is somebody else's and the caller is no admin."""
    return OrderView.of(lookups.visible(order_id, who))


def list_orders(
    user_id: str, wanted: OrdersQuery, start: Key | None
) -> tuple[list[OrderView], Key | None]:
    """A page of a customer's orders, newest first, and the key from which the next page goes on.

    A new order or status shows a moment later. Raises InvalidCursor if `start` is not a place in this list.
    """
    _insist_on_place(user_id, start)
    found = Order.by_customer.query(
        user_id,
        filter_condition=Order.status == wanted.status if wanted.status else None,
        scan_index_forward=False,
        limit=wanted.limit,
        page_size=_READ_AT_ONCE if wanted.status else wanted.limit,
        last_evaluated_key=start,
    )
    orders = [OrderView.of(order) for order in found]
    return orders, found.last_evaluated_key


def cancel_order(order_id: str, who: Caller) -> OrderView:
    """Take back an order that is not confirmed; announces OrderCancelled, upon which the checkout frees its stock.

    Raises OrderNotFound as `get_order` does, OrderAlreadyConfirmed, OrderAlreadyEnded. Safe to repeat; not undone.
    """
    order = _move(lookups.visible(order_id, who), CANCELLED)
    if order.status in PAID:
        raise OrderAlreadyConfirmed(f"{order.order_id} is paid, and {order.status}")
    if order.status != CANCELLED:
        raise OrderAlreadyEnded(f"{order.order_id} is {order.status}")
    return OrderView.of(order)


def confirm_order(step: ConfirmOrder) -> OrderStatus:
    """Make a paid order CONFIRMED, for good; says where the order stands now.

    Raises OrderNotFound, OrderCancelled, or OrderNotPayable if it ended otherwise or another payment confirmed it. Safe to
    repeat with the same payment, also if the order was refunded since.
    """
    order = _move(lookups.stored(step.order_id), CONFIRMED, Order.payment_id.set(step.payment_id))
    if order.status not in PAID or order.payment_id != step.payment_id:
        raise _not_payable(order)
    return _status(order)


def fail_order(step: FailOrder) -> OrderStatus:
    """End an order FAILED or EXPIRED with the reason that its customer reads; says where the order stands now.

    An order that has ended already stays as it is: CONFIRMED, PARTLY_REFUNDED or REFUNDED in the answer means that it was
    bought. One that was never stored gets a row that tells the customer, and keeps a late `validate_order` from placing it.
    Safe to repeat.
    """
    order = lookups.find(step.order_id)
    if order is None and step.user_id is None:
        log.logger.warning(
            "nobody's order failed", extra={"orderId": step.order_id, "reason": step.reason}
        )
        return OrderStatus(order_id=step.order_id, status=step.status)
    order = order or _store(_never_placed(step))
    return _status(_move(order, step.status, Order.reason.set(step.reason)))


def _place(
    order_id: str, user_id: str, lines: list[Line], terms: Terms, request_hash: str | None
) -> Order:
    """The order of this id as it is stored, placed now if it was not.

    The same request at the same moment may have placed it since, and its saga have reserved the last pieces: what is refused is refused
    only if there is no order even then.
    """
    order = lookups.find(order_id)
    if order is None:
        try:
            order = _store(_priced(order_id, user_id, lines, terms, request_hash))
        except ChaliceViewError:
            order = lookups.find(order_id)
            if order is None:
                raise
    another = request_hash is not None and request_hash != order.request_hash
    if another or order.user_id != user_id:
        raise IdempotencyKeyReused("Idempotency-Key: used before, with another body")
    return order


def _priced(
    order_id: str, user_id: str, lines: list[Line], terms: Terms, request_hash: str | None
) -> Order:
    priced = pricing.quote(lines, terms.expected_total)
    now = clock.now()
    return Order(
        order_id,
        user_id=user_id,
        lines=priced.lines,
        total_minor=priced.total_minor,
        currency=priced.currency,
        method=terms.method,
        payment_method=terms.payment_method,
        correlation_id=log.correlation_id(),
        request_hash=request_hash,
        created_at=now,
        updated_at=now,
    )


def _never_placed(step: FailOrder) -> Order:
    now = clock.now()
    return Order(
        step.order_id,
        user_id=step.user_id,
        status=step.status,
        reason=step.reason,
        lines=[],
        total_minor=0,
        currency=money.DEFAULT,
        method="CARD",
        correlation_id=log.correlation_id(),
        created_at=now,
        updated_at=now,
    )


def _store(order: Order) -> Order:
    """Store the order unless there is one of its id; the one that is there then."""
    log.bind_context(order)
    order.placed_on = placed_on(order.order_id, order.created_at)
    try:
        order.save(condition=Order.order_id.does_not_exist())
    except PutError as refusal:
        if not dynamodb.is_condition_failure(refusal):
            raise
        return lookups.stored(order.order_id)
    measures.stored(order)
    return order


def _move(order: Order, status: str, *more: Action) -> Order:
    """Give the order this status if its present one may be followed by it; the order as it stands then.

    The status alone decides, so the version counts changes here but does not forbid any.
    """
    try:
        order.update(
            [Order.status.set(status), Order.updated_at.set(clock.now()), *more],
            condition=Order.status.is_in(*before(status)),
            add_version_condition=False,
        )
    except UpdateError as refusal:
        if not dynamodb.is_condition_failure(refusal):
            raise
        return lookups.stored(order.order_id)
    measures.ended(order)
    return order


def _not_payable(order: Order) -> OrderCancelled | OrderNotPayable:
    if order.status == CANCELLED:
        return OrderCancelled(f"{order.order_id} was cancelled")
    return OrderNotPayable(f"{order.order_id} is {order.status}")


def _status(order: Order) -> OrderStatus:
    return OrderStatus(order_id=order.order_id, status=order.status)


def _hash(wanted: CreateOrder) -> str:
    return hashlib.sha256(msgspec.json.encode(wanted)).hexdigest()


def _insist_on_place(user_id: str, start: Key | None) -> None:
    """A cursor that was tampered with must not reach DynamoDB, which would refuse it with an error of ours."""
    if start is None:
        return
    names = {
        ByCustomer.user_id.attr_name,
        ByCustomer.created_at.attr_name,
        Order.order_id.attr_name,
    }
    strings = {name: value.get("S") for name, value in start.items()}
    lengths = {len(text or "") for text in strings.values()}
    if (
        strings.keys() != names
        or not 0 < min(lengths) <= max(lengths) <= _LONGEST
        or strings["userId"] != user_id
    ):
        raise http.InvalidCursor(
            "cursor: expected the X-Next-Cursor of an earlier page of this list"
        )
