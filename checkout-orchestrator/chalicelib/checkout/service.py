"""The verbs of a checkout: begin it, and tell how far it is."""

import contextlib
import hashlib
from decimal import Decimal
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.checkout import lambdas, sagas
from chalicelib.checkout.errors import (
    REFUSALS,
    CartEmpty,
    IdempotencyKeyReused,
    OrderCancelled,
    OrderNotFound,
    OrderNotPayable,
    OrderServiceUnavailable,
    PriceChanged,
)
from chalicelib.checkout.models import CREATED, MAY_BE_PAID, CartLine, Order, cart_of, find_order
from chalicelib.checkout.schemas import Begun, Checkout
from chalicelib.payments import service as payments
from chalicelib.payments import waiting
from chalicelib.payments.errors import PaymentVoided
from chalicelib.payments.schemas import Charge
from common import events, ids, log, money
from common.auth import Caller


def check_out(caller: Caller, wanted: Checkout, key: str | None) -> Begun:
    """Buy what is in the caller's cart, or pay an order that waits; the saga goes on by itself.

    Safe to repeat: with a key the same key means the same order, without one the same cart does, until the order fails. Raises
    CartEmpty, IdempotencyKeyReused, what validate-order refuses, and for an order PaymentDeclined, OrderNotPayable.
    """
    if wanted.order_id is not None:
        order = _pay(_own_order(caller.user_id, wanted.order_id), wanted)
    elif key:
        order = _buy_with_key(caller.user_id, wanted, key)
    else:
        order = _buy(caller.user_id, wanted)
    if order.status == CREATED:
        sagas.start(order.order_id, order.user_id, order.correlation_id)
    return Begun(
        order_id=order.order_id,
        status=order.status,
        total_amount=money.decimal(order.total_minor, order.currency),
        currency=order.currency,
    )


def start_saga(created: events.OrderCreated) -> None:
    """Start the saga of an order that was announced; safe to repeat, also beside check_out."""
    sagas.start(created.order_id, created.user_id, created.correlation_id)


def publish_late(message: dict[str, Any]) -> None:
    """Put on the bus what a saga left to be published; safe to repeat, as the event keeps its id."""
    kind = events.REGISTRY.get(message.get("detail-type", ""))
    if kind is None:
        raise events.EventNotUnderstood(f"{message.get('detail-type')!r} is no event of the shop")
    events.publish(events.parse(kind, message))


def _pay(order: Order, wanted: Checkout) -> Order:
    """Give the waiting order its payment method."""
    if order.status not in MAY_BE_PAID:
        raise OrderNotPayable(f"the order is {order.status}")
    _insist_on_total(order, wanted.expected_total)
    if order.status == CREATED and wanted.payment_method:
        owed = Charge(
            order_id=order.order_id,
            amount=money.decimal(order.total_minor, order.currency),
            currency=order.currency,
            method=wanted.method,
            payment_method=wanted.payment_method,
            user_id=order.user_id,
        )
        try:
            payment = payments.choose_method(owed)
        except PaymentVoided as problem:
            raise OrderNotPayable(str(problem)) from problem
        waiting.wake(payment, payment.task_token)
    return order


def _buy_with_key(user_id: str, wanted: Checkout, key: str) -> Order:
    """The order that this key stands for, whatever became of the cart since."""
    order_id, request_hash = ids.deterministic("ORDER", user_id, key), _hash(wanted)
    cart = cart_of(user_id)  # first: a purchase that clears it meanwhile is then seen below
    order = find_order(order_id)
    if order is None:
        return _ordered(order_id, user_id, _filled(cart), wanted, request_hash)
    if order.request_hash != request_hash:
        raise IdempotencyKeyReused("this Idempotency-Key came with another body before")
    return order


def _buy(user_id: str, wanted: Checkout) -> Order:
    """The order that the cart as it stands stands for: a second click finds the first one's; a failed one frees the cart."""
    cart = _filled(cart_of(user_id))
    contents = [(line.product_id, line.qty, line.updated_at) for line in cart]
    attempt = 0
    while True:
        order_id = ids.deterministic("ORDER", user_id, contents, attempt)
        order = find_order(order_id)
        if order is None:
            return _ordered(order_id, user_id, cart, wanted)
        if order.status in MAY_BE_PAID:
            return _again(order, wanted)
        attempt += 1


def _again(order: Order, wanted: Checkout) -> Order:
    """The cart's order is on its way or done; with another payment method the customer means to pay it with that one."""
    if wanted.payment_method in (None, order.payment_method):
        _insist_on_total(order, wanted.expected_total)
        return order
    return _pay(order, wanted)


def _ordered(
    order_id: str,
    user_id: str,
    cart: list[CartLine],
    wanted: Checkout,
    request_hash: str | None = None,
) -> Order:
    """Have order-service check, price and store the order; it is then there, whoever stored it, and whatever became of it."""
    asked = {
        "orderId": order_id,
        "userId": user_id,
        "items": [{"productId": line.product_id, "qty": line.qty} for line in cart],
        "paymentMethod": wanted.payment_method,
        "method": wanted.method,
        "expectedTotal": wanted.expected_total,
        "requestHash": request_hash,
    }
    # Where the first answer got lost botocore asks again, and meanwhile the saga of the announced order may have ended: it is this order all the same.
    with contextlib.suppress(OrderCancelled, OrderNotPayable):
        _validate({name: value for name, value in asked.items() if value is not None})
    order = find_order(order_id)
    if order is None:
        raise OrderServiceUnavailable("the order could not be stored; try again")
    return order


def _validate(asked: dict[str, object]) -> None:
    try:
        lambdas.call("order-service", "validate-order", asked)
    except lambdas.StepFailed as refusal:
        if refusal.error in REFUSALS:
            raise REFUSALS[refusal.error](refusal.message) from refusal
        log.logger.error("validate-order failed", extra={"problem": str(refusal)})
        raise OrderServiceUnavailable("the order could not be checked; try again") from refusal
    except (BotoCoreError, ClientError) as problem:
        raise OrderServiceUnavailable("the order could not be checked; try again") from problem


def _own_order(user_id: str, order_id: str) -> Order:
    order = find_order(ids.parse("ORDER", order_id))
    if order is None or order.user_id != user_id:
        raise OrderNotFound(f"you have no order {order_id}")
    return order


def _filled(cart: list[CartLine]) -> list[CartLine]:
    if not cart:
        raise CartEmpty("your cart is empty")
    return cart


def _insist_on_total(order: Order, expected: Decimal | None) -> None:
    total = money.decimal(order.total_minor, order.currency)
    if expected is not None and expected != total:
        raise PriceChanged(f"the total is {total} {order.currency}, not {expected}")


def _hash(wanted: Checkout) -> str:
    """What the same request always has."""
    return hashlib.sha256(msgspec.json.encode(wanted, order="sorted")).hexdigest()
