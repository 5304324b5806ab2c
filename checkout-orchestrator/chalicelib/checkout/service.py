"""The verbs of a checkout: start it, and publish late events."""

import contextlib
import hashlib
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from chalicelib.card_limits import service as card_limits
from chalicelib.checkout import address_book, cart_orders, order_service
from chalicelib.checkout.errors import (
    GUEST_ORDER_ERRORS,
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
from chalicelib.checkout.schemas import (
    CheckoutAccepted,
    CheckoutRequest,
    GuestCheckoutRequest,
)
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
from chalicelib.saga import executions
from common import events, ids, money
from common.auth import Caller
from common.batch_reads import BatchReader, Key


@dataclass(frozen=True)
class Buyer:
    """Whose cart is ordered, and from which network."""

    user_id: str
    source: str


def check_out(
    caller: Caller, request: CheckoutRequest, key: str | None, source: str
) -> CheckoutAccepted:
    """Order the caller's cart, or pay an order that waits for it, and start its saga.

    Idempotent. Raises: as `start_checkout`.
    """
    buyer = Buyer(caller.user_id, source)
    order = start_checkout(buyer, request, key, read_inputs(buyer, request))
    return CheckoutAccepted(**describe(order))


def start_checkout(
    buyer: Buyer, request: CheckoutRequest, key: str | None, reader: BatchReader
) -> Order:
    """Order the buyer's cart, or pay an order that waits for it, and start its saga.

    Idempotent: the same key, or without one the same cart, is the same order until it fails.
    What an order has bought and ClearCart not taken out yet is left out; an unpaid order of the
    same cart is superseded.

    Raises: TooManyDeclines, CartEmpty, AddressNotFound, IdempotencyKeyReused, what validate-order
    raises; PaymentInProgress while another order of the cart is being paid; for an order
    OrderNotFound, OrderNotPayable, OrderExpired, and what choose_payment_method raises.
    """
    if _may_try_cards(request):
        card_limits.start_attempt(buyer.user_id, buyer.source, reader)
    if request.order_id is not None:
        order = _get_own_order(buyer.user_id, request.order_id, reader)
        _pay_order(order, request, reader)
    elif key:
        order = _order_for_key(buyer, request, key, reader)
    else:
        order = _order_for_cart(buyer, request, reader)
    if order.status == OrderStatus.CREATED:
        _start_saga(order)
    return order


def describe(order: Order) -> dict[str, Any]:
    """Return the fields of a CheckoutAccepted."""
    return {
        "order_id": order.order_id,
        "status": order.status,
        "total_amount": money.decimal(order.total_minor, order.currency),
        "currency": order.currency,
    }


def start_saga(created: events.OrderCreated) -> None:
    """Start the saga of a created order. Idempotent, also beside check_out."""
    executions.start_execution(created.order_id, created.user_id, created.correlation_id)


def publish_late(message: dict[str, Any]) -> None:
    """Publish an event that a saga could not. Idempotent: the event keeps its id."""
    kind = events.REGISTRY.get(message.get("detail-type", ""))
    if kind is None:
        raise events.EventNotUnderstood(f"{message.get('detail-type')!r} is no event of the shop")
    events.publish(events.parse(kind, message))


def read_inputs(buyer: Buyer, request: CheckoutRequest, *more: Key[Any]) -> BatchReader:
    """Read with one request what every checkout of this kind reads, and these keys."""
    reader = BatchReader()
    keys: list[Key[Any]] = [
        customer_orders.key(buyer.user_id),
        *address_book.keys(request, buyer.user_id),
    ]
    if request.order_id is not None:
        order_id = ids.parse("ORDER", request.order_id)
        keys = [order_key(order_id), tombstone_key(buyer.user_id)]
    if _may_try_cards(request):
        keys += card_limits.counter_keys(buyer.user_id, buyer.source)
    reader.read(*keys, *more)
    return reader


def _may_try_cards(request: CheckoutRequest) -> bool:
    """Whether cards may be tried: one is sent, or a guest can try some later."""
    return request.payment_method is not None or isinstance(request, GuestCheckoutRequest)


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


def _order_for_key(buyer: Buyer, request: CheckoutRequest, key: str, reader: BatchReader) -> Order:
    """Find or place the order of this idempotency key, even if the cart changed."""
    user_id = buyer.user_id
    order_id, request_hash = ids.deterministic("ORDER", user_id, key), _hash(request)
    # Before the order: a purchase that clears the cart meanwhile is then seen below.
    bought = cart_orders.list_bought(user_id, reader)
    cart = list_cart_items(user_id)
    order = find_order(order_id)
    if order is None:
        left = cart_orders.leave_out(bought, cart)
        request = address_book.fill_in(request, user_id, reader)
        return _place_order(order_id, buyer, left, request, reader, request_hash)
    if order.request_hash != request_hash:
        raise IdempotencyKeyReused("this Idempotency-Key came with another body before")
    return order


def _order_for_cart(buyer: Buyer, request: CheckoutRequest, reader: BatchReader) -> Order:
    """Find or place the order of the cart as it is: another one after a failure."""
    user_id = buyer.user_id
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
            return _place_order(order_id, buyer, left, request, reader)
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
    buyer: Buyer,
    cart: list[CartItem],
    request: CheckoutRequest,
    reader: BatchReader,
    request_hash: str | None = None,
) -> Order:
    """Have order-service validate, price and store the order. Idempotent by its id.

    An unpaid order of the same cart is superseded first, so that never both are paid.
    """
    _require_nonempty(cart)
    cart_orders.supersede_unpaid(buyer.user_id, order_id, reader)
    step = {
        "orderId": order_id,
        "userId": buyer.user_id,
        "items": [item.taken() for item in cart],
        "paymentMethod": request.payment_method,
        "method": request.payment_method_type,
        "expectedTotal": request.expected_total,
        "requestHash": request_hash,
        "guestSource": buyer.source if isinstance(request, GuestCheckoutRequest) else None,
        **dict(_price_terms(request)),
    }
    # Where the first response is lost botocore asks again. By then the saga, which OrderCreated
    # starts too, can have ended the order: it is this order all the same.
    with contextlib.suppress(OrderCancelled, OrderNotPayable):
        known = {name: value for name, value in step.items() if value is not None}
        order_service.call("validate-order", known, GUEST_ORDER_ERRORS)
    order = find_order(order_id)
    if order is None:
        raise OrderServiceUnavailable("the order could not be stored; try again")
    return order


def _price_terms(request: CheckoutRequest) -> list[tuple[str, object]]:
    """Return what is agreed besides the goods, in one order."""
    terms = {
        "guestEmail": request.email if isinstance(request, GuestCheckoutRequest) else None,
        "shippingAddress": request.shipping_address,
        "billingAddress": request.billing_address,
        "shippingMethodId": request.shipping_method_id,
        "couponCodes": request.coupon_codes,
    }
    return [(name, msgspec.to_builtins(value)) for name, value in terms.items() if value]


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
