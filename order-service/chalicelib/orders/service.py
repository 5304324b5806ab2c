"""Place, read, confirm, fail and cancel orders.

Every change of status is one conditional write on the order's row: of concurrent changes exactly
one succeeds, and the others read the status that it wrote.
"""

import hashlib

import msgspec
from pynamodb.expressions.update import Action

from chalicelib.orders import (
    cancellation,
    lookups,
    metrics,
    offers,
    order_numbers,
    placement,
    readmodels,
    writes,
)
from chalicelib.orders.errors import (
    OrderAlreadyEnded,
    OrderCancelled,
    OrderExpired,
    OrderNotPayable,
)
from chalicelib.orders.models import Order, day_shard, fulfilment_shard
from chalicelib.orders.schemas import ConfirmOrder, CreateOrder, FailOrder, ValidateOrder
from chalicelib.orders.statuses import PAID_STATUSES, FulfilmentStatus, OrderStatus
from chalicelib.orders.views import CreatedOrder, OrderView, StepResult, ValidOrder
from common import clock, dynamodb, ids, log, money
from common.auth import Caller
from common.batch_reads import BatchReader
from common.roles import Scope

_ACCOUNT_DELETED = Order.reason.set("the account was deleted")


def create_order(user_id: str, request: CreateOrder, key: str | None) -> CreatedOrder:
    """Place an order at current prices. Publishes OrderCreated.

    Reserves and charges nothing. Idempotent with a key: the same body gets the first answer
    again, also after prices or the order's status changed. Undone by `cancel_order`.

    Raises: IdempotencyKeyReused when the key came with another body, AccountGone, and what
    `pricing.quote` raises.
    """
    order_id = ids.deterministic("ORDER", user_id, key) if key else ids.new("ORDER")
    request_hash = _hash(request) if key else None
    order = placement.place_order(
        order_id, user_id, request.cart_items, request, request_hash, BatchReader()
    )
    return CreatedOrder(
        order_id=order.order_id,
        order_number=order_numbers.create_number(order.order_id, order.created_at),
        status=OrderStatus.CREATED,
        total_amount=money.decimal(order.total_minor, order.currency),
        currency=order.currency,
        created_at=order.created_at,
        pay_by=offers.pay_by(order),
    )


def validate_order(step: ValidateOrder) -> ValidOrder:
    """Return the order of a checkout. With `items` place it first unless it exists.

    Idempotent. A stored order keeps its prices, and its stock is not checked again: it may hold
    the last pieces itself. With `items` a paid order is returned as it is, because the customer
    ordered it twice; without, a saga starts over on it and must not charge again. An unpaid order
    whose offer has ended becomes EXPIRED, before anything is reserved. Undone by `fail_order`.

    That of a deleted account becomes CANCELLED.

    Raises: OrderNotFound, OrderCancelled, OrderExpired or OrderNotPayable; when placing also
    AccountGone, IdempotencyKeyReused and what `pricing.quote` raises.
    """
    reader = BatchReader()
    if step.items is None:
        known = [readmodels.tombstone_key(step.user_id)] if step.user_id else []
        reader.read(lookups.key(step.order_id), *known)
        order = lookups.get(step.order_id, reader)
        accepted = {OrderStatus.CREATED}
    else:
        order = placement.place_order(
            step.order_id, str(step.user_id), step.items, step, step.request_hash, reader
        )
        accepted = {OrderStatus.CREATED, *PAID_STATUSES}
    if order.status == OrderStatus.CREATED and readmodels.was_deleted(reader, order.user_id):
        order = _transition(order, OrderStatus.CANCELLED, _ACCOUNT_DELETED)
    elif order.status == OrderStatus.CREATED and offers.has_ended(order):
        order = _transition(order, OrderStatus.EXPIRED, Order.reason.set("not paid in time"))
    if order.status not in accepted:
        raise _not_payable(order)
    return ValidOrder.of(order)


def get_order(order_id: str, caller: Caller) -> OrderView:
    """Return one order.

    Raises: OrderNotFound, also for another customer's order.
    """
    return OrderView.of(lookups.get_for(order_id, caller))


def cancel_order(order_id: str, caller: Caller) -> OrderView:
    """Cancel an order of which nothing was shipped.

    An unpaid one is CANCELLED and published as OrderCancelled, upon which the checkout releases
    its stock; a paid one is refunded, see `cancellation`. Idempotent. Not undone.

    Raises: OrderNotFound as `get_order` does, InsufficientScope, OrderAlreadyEnded,
    OrderAlreadyShipped, OrderDisputed, OrderContended.
    """
    order = lookups.get_for(order_id, caller, Scope.ORDERS_WRITE)
    order = _transition(order, OrderStatus.CANCELLED)
    if order.status in PAID_STATUSES:
        order = cancellation.cancel_paid_order(order.order_id, caller)
    elif order.status != OrderStatus.CANCELLED:
        raise OrderAlreadyEnded(f"{order.order_id} is {order.status}")
    return OrderView.of(order)


def cancel_unpaid_orders(user_id: str) -> None:
    """Cancel what the customer of a deleted account has not paid. Idempotent.

    An order whose payment wins is confirmed, and stays so.
    """
    unpaid = Order.status == OrderStatus.CREATED
    for order in Order.by_customer.query(user_id, filter_condition=unpaid):
        _transition(order, OrderStatus.CANCELLED, _ACCOUNT_DELETED)


def confirm_order(step: ConfirmOrder) -> StepResult:
    """Confirm a paid order and return its present status. Not undone.

    Idempotent for the same payment, also after a refund.

    Raises: OrderNotFound, OrderCancelled, and OrderNotPayable when the order ended otherwise or
    another payment confirmed it.
    """
    unfulfilled = FulfilmentStatus.UNFULFILLED
    unread = Order(step.order_id, version=0)  # from None it would be set to 1, not counted up
    order = _transition(
        unread,
        OrderStatus.CONFIRMED,
        Order.payment_id.set(step.payment_id),
        Order.confirmed_at.set(clock.now()),
        Order.fulfilment_status.set(unfulfilled),
        Order.to_fulfil.set(fulfilment_shard(unfulfilled, step.order_id)),
    )
    if order.status not in PAID_STATUSES or order.payment_id != step.payment_id:
        raise _not_payable(order)
    return _step_result(order)


def fail_order(step: FailOrder) -> StepResult:
    """End an unpaid order without a purchase and return its present status.

    Idempotent. An order that has ended stays as it is: a paid status in the result means that the
    order was bought. An order that was never stored gets a row, which shows its customer the
    reason and keeps a late `validate_order` from placing it.
    """
    order = lookups.find(step.order_id)
    if order is None and step.user_id is None:
        log.logger.warning(
            "order without customer failed",
            extra={"orderId": step.order_id, "reason": step.reason},
        )
        return StepResult(order_id=step.order_id, status=OrderStatus(step.status))
    if order is None:
        order = _get_or_store(_failed_order(step))
    order = _transition(order, OrderStatus(step.status), Order.reason.set(step.reason))
    return _step_result(order)


def _failed_order(step: FailOrder) -> Order:
    """Return the row of an order that failed before it was placed, without lines."""
    now = clock.now()
    return Order(
        step.order_id,
        user_id=step.user_id,
        status=OrderStatus(step.status),
        reason=step.reason,
        lines=[],
        total_minor=0,
        currency=money.DEFAULT,
        method="CARD",
        correlation_id=log.correlation_id(),
        created_at=now,
        updated_at=now,
        placed_on=day_shard(step.order_id, now),
        order_number=order_numbers.create_number(step.order_id, now),
    )


def _get_or_store(order: Order) -> Order:
    """Store the order, or return the stored one of the same id."""
    log.bind_context(order)
    if not dynamodb.save_if(order, Order.order_id.does_not_exist()):
        return lookups.get(order.order_id)
    metrics.count_stored(order)
    return order


def _transition(order: Order, status: OrderStatus, *actions: Action) -> Order:
    """Give the order this status if TRANSITIONS allow it. Returns the stored order."""
    if not writes.change_status(order, status, *actions):
        return lookups.get(order.order_id)
    metrics.count_ended(order)
    return order


def _not_payable(order: Order) -> OrderCancelled | OrderNotPayable:
    if order.status == OrderStatus.CANCELLED:
        return OrderCancelled(f"{order.order_id} was cancelled")
    if order.status == OrderStatus.EXPIRED:
        return OrderExpired("the order was not paid in time")
    return OrderNotPayable(f"{order.order_id} is {order.status}")


def _step_result(order: Order) -> StepResult:
    return StepResult(order_id=order.order_id, status=OrderStatus(order.status))


def _hash(request: CreateOrder) -> str:
    return hashlib.sha256(msgspec.json.encode(request)).hexdigest()
