"""The verbs of a checkout: start it, and publish late events."""

import contextlib
import hashlib
from decimal import Decimal
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.card_limits import service as card_limits
from chalicelib.checkout import address_book, cart_orders
from chalicelib.checkout.errors import (
    ORDER_SERVICE_ERRORS,
    AccountGone,
    CartEmpty,
    IdempotencyKeyReused,
    OrderCancelled,
    OrderExpired,
    OrderNotFound,
    OrderNotPayable,
    OrderServiceUnavailable,
    PriceChanged,
)
from chalicelib.checkout.schemas import CheckoutAccepted, CheckoutRequest
from chalicelib.payments import saga_resume
from chalicelib.payments import service as payments
from chalicelib.payments.errors import PaymentExpired, PaymentVoided
from chalicelib.payments.schemas import Charge
from chalicelib.readmodels import customer_orders
from chalicelib.readmodels.carts import CartItem, list_cart_items
from chalicelib.readmodels.orders import (
    PAYABLE_OR_PAID,
    Order,
    OrderStatus,
    find_order,
    order_key,
)
from chalicelib.readmodels.users import tombstone_key
from chalicelib.saga import executions, lambdas
from common import events, ids, log, money
from common.auth import Caller
from common.batch_reads import BatchReader, Key


def check_out(
    caller: Caller, request: CheckoutRequest, key: str | None, source: str
) -> CheckoutAccepted:
    """Order the caller's cart, or pay an order that waits for it, and start its saga.

    Idempotent: the same key, or without one the same cart, is the same order until it fails.
    What an order has bought and ClearCart not taken out yet is left out; an unpaid order of the
    same cart is superseded.
    Raises: TooManyDeclines, CartEmpty, AddressNotFound, IdempotencyKeyReused, what validate-order
    raises;
    PaymentInProgress while another order of the cart is being paid; for an order OrderNotFound,
    OrderNotPayable, OrderExpired, and what choose_payment_method raises.
    """
    reader = _read_inputs(caller.user_id, request, source)
    if request.payment_method is not None:
        card_limits.start_attempt(caller.user_id, source, reader)
    if request.order_id is not None:
        order = _get_own_order(caller.user_id, request.order_id, reader)
        _pay_order(order, request, reader)
    elif key:
        order = _order_for_key(caller.user_id, request, key, reader)
    else:
        order = _order_for_cart(caller.user_id, request, reader)
    if order.status == OrderStatus.CREATED:
        _start_saga(order)
    return CheckoutAccepted(
        order_id=order.order_id,
        status=order.status,
        total_amount=money.decimal(order.total_minor, order.currency),
        currency=order.currency,
    )


def start_saga(created: events.OrderCreated) -> None:
    """Start the saga of a created order. Idempotent, also beside check_out."""
    executions.start_execution(created.order_id, created.user_id, created.correlation_id)


def publish_late(message: dict[str, Any]) -> None:
    """Publish an event that a saga could not. Idempotent: the event keeps its id."""
    kind = events.REGISTRY.get(message.get("detail-type", ""))
    if kind is None:
        raise events.EventNotUnderstood(f"{message.get('detail-type')!r} is no event of the shop")
    events.publish(events.parse(kind, message))


def _read_inputs(user_id: str, request: CheckoutRequest, source: str) -> BatchReader:
    """Read with one request what every checkout of this kind reads."""
    reader = BatchReader()
    keys: list[Key[Any]] = [customer_orders.key(user_id), *address_book.keys(request, user_id)]
    if request.order_id is not None:
        order_id = ids.parse("ORDER", request.order_id)
        keys = [order_key(order_id), tombstone_key(user_id)]
    if request.payment_method is not None:
        keys += card_limits.counter_keys(user_id, source)
    reader.read(*keys)
    return reader


def _start_saga(order: Order) -> None:
    executions.start_execution(order.order_id, order.user_id, order.correlation_id)


def _pay_order(order: Order, request: CheckoutRequest, reader: BatchReader) -> None:
    """Charge the payment method of the request, where the order waits for one."""
    if reader.find(tombstone_key(order.user_id)) is not None:
        raise AccountGone("the account was deleted")
    if order.status not in PAYABLE_OR_PAID:
        raise OrderNotPayable(f"the order is {order.status}")
    if order.is_overdue:
        _start_saga(order)  # which ends it, if none did
        raise OrderExpired("the order was not paid in time; order again")
    _validate_total(order, request.expected_total)
    if order.status != OrderStatus.CREATED or not request.payment_method:
        return
    charge = Charge(
        order_id=order.order_id,
        amount=money.decimal(order.total_minor, order.currency),
        currency=order.currency,
        payment_method_type=request.payment_method_type,
        payment_method=request.payment_method,
        user_id=order.user_id,
        pay_by=order.pay_by,
    )
    try:
        payment = payments.choose_payment_method(charge)
    except PaymentVoided as exc:
        raise OrderNotPayable(str(exc)) from exc
    except PaymentExpired as exc:
        raise OrderExpired(str(exc)) from exc
    saga_resume.resume_saga(payment, payment.task_token)


def _order_for_key(user_id: str, request: CheckoutRequest, key: str, reader: BatchReader) -> Order:
    """Find or place the order of this idempotency key, even if the cart changed."""
    order_id, request_hash = ids.deterministic("ORDER", user_id, key), _hash(request)
    # Before the order: a purchase that clears the cart meanwhile is then seen below.
    bought = cart_orders.list_bought(user_id, reader)
    cart = list_cart_items(user_id)
    order = find_order(order_id)
    if order is None:
        left = cart_orders.leave_out(bought, cart)
        request = address_book.fill_in(request, user_id, reader)
        return _place_order(order_id, user_id, left, request, reader, request_hash)
    if order.request_hash != request_hash:
        raise IdempotencyKeyReused("this Idempotency-Key came with another body before")
    return order


def _order_for_cart(user_id: str, request: CheckoutRequest, reader: BatchReader) -> Order:
    """Find or place the order of the cart as it is: another one after a failure."""
    request = address_book.fill_in(request, user_id, reader)
    bought = cart_orders.list_bought(user_id, reader)
    cart = _require_nonempty(list_cart_items(user_id))
    contents = [(item.product_id, item.qty, item.updated_at) for item in cart]
    terms = _price_terms(request)
    attempt = 0
    while True:
        order_id = ids.deterministic("ORDER", user_id, contents, *terms, attempt)
        order = find_order(order_id)
        if order is None:
            left = cart_orders.leave_out(bought, cart)
            return _place_order(order_id, user_id, left, request, reader)
        if order.is_overdue:
            _start_saga(order)  # which ends it, if none did
        elif order.status in PAYABLE_OR_PAID:
            _repeat_checkout(order, request, reader)
            return order
        attempt += 1


def _repeat_checkout(order: Order, request: CheckoutRequest, reader: BatchReader) -> None:
    """Validate the repeat, or charge its payment method if that is another one."""
    if request.payment_method in (None, order.payment_method):
        _validate_total(order, request.expected_total)
    else:
        _pay_order(order, request, reader)


def _place_order(
    order_id: str,
    user_id: str,
    cart: list[CartItem],
    request: CheckoutRequest,
    reader: BatchReader,
    request_hash: str | None = None,
) -> Order:
    """Have order-service validate, price and store the order. Idempotent by its id.

    An unpaid order of the same cart is superseded first, so that never both are paid.
    """
    _require_nonempty(cart)
    cart_orders.supersede_unpaid(user_id, order_id, reader)
    step = {
        "orderId": order_id,
        "userId": user_id,
        "items": [item.taken() for item in cart],
        "paymentMethod": request.payment_method,
        "method": request.payment_method_type,
        "expectedTotal": request.expected_total,
        "requestHash": request_hash,
        **dict(_price_terms(request)),
    }
    # Where the first response is lost botocore asks again. By then the saga, which OrderCreated
    # starts too, can have ended the order: it is this order all the same.
    with contextlib.suppress(OrderCancelled, OrderNotPayable):
        _validate_order({name: value for name, value in step.items() if value is not None})
    order = find_order(order_id)
    if order is None:
        raise OrderServiceUnavailable("the order could not be stored; try again")
    return order


def _price_terms(request: CheckoutRequest) -> list[tuple[str, object]]:
    """Return what the price depends on besides the goods, in one order."""
    terms = {
        "shippingAddress": request.shipping_address,
        "billingAddress": request.billing_address,
        "shippingMethodId": request.shipping_method_id,
        "couponCodes": request.coupon_codes,
    }
    return [(name, msgspec.to_builtins(value)) for name, value in terms.items() if value]


def _validate_order(step: dict[str, object]) -> None:
    try:
        lambdas.invoke("order-service", "validate-order", step)
    except lambdas.StepFailed as exc:
        if exc.error in ORDER_SERVICE_ERRORS:
            raise ORDER_SERVICE_ERRORS[exc.error](exc.message) from exc
        log.logger.error("validate-order failed", extra={"error": str(exc)})
        raise OrderServiceUnavailable("the order could not be checked; try again") from exc
    except (BotoCoreError, ClientError) as exc:
        raise OrderServiceUnavailable("the order could not be checked; try again") from exc


def _get_own_order(user_id: str, order_id: str, reader: BatchReader) -> Order:
    order = reader.find(order_key(ids.parse("ORDER", order_id)))
    if order is None or order.user_id != user_id:
        raise OrderNotFound(f"you have no order {order_id}")
    return order


def _require_nonempty(cart: list[CartItem]) -> list[CartItem]:
    if not cart:
        raise CartEmpty("your cart is empty")
    return cart


def _validate_total(order: Order, expected: Decimal | None) -> None:
    total = money.decimal(order.total_minor, order.currency)
    if expected is not None and expected != total:
        raise PriceChanged(f"the total is {total} {order.currency}, not {expected}")


def _hash(request: CheckoutRequest) -> str:
    """The same for every repeat of a request."""
    return hashlib.sha256(msgspec.json.encode(request, order="sorted")).hexdigest()
