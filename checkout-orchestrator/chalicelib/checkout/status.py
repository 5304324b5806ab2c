"""The status of a checkout, from the rows of its order and its payment.

Not from the execution's history: Step Functions throttles reads of it.
"""

from typing import Any

from chalicelib.checkout.errors import OrderNotFound
from chalicelib.checkout.schemas import CheckoutStatus
from chalicelib.payments import models as payments
from chalicelib.payments.models import Payment, PaymentStatus
from chalicelib.readmodels.orders import Order, OrderStatus, find_order
from common import ids, money
from common.auth import Caller
from common.roles import Scope

# The state that the saga is in or near while its order is CREATED, by the payment's status.
_STEPS = {
    None: "CheckInventory",
    PaymentStatus.STARTED: "ProcessPayment",
    PaymentStatus.REQUIRES_ACTION: "AwaitPayment",
    PaymentStatus.SUCCEEDED: "UpdateInventory",
    PaymentStatus.FAILED: "RefundPayment",
    PaymentStatus.VOIDED: "RefundPayment",
    PaymentStatus.REFUNDING: "RefundPayment",
    PaymentStatus.REFUNDED: "ReleaseInventory",
}
_SHOWN = {
    None: "PENDING",
    PaymentStatus.STARTED: "PENDING",
    PaymentStatus.SUCCEEDED: "SUCCESS",
}


def get_status(caller: Caller, order_id: str) -> CheckoutStatus:
    """Read the status of the caller's checkout, for staff that of any.

    Raises: OrderNotFound.
    """
    order = find_order(ids.parse("ORDER", order_id))
    is_visible = order and (order.user_id == caller.user_id or caller.may(Scope.ORDERS_READ))
    if order is None or not is_visible:
        raise OrderNotFound(f"you have no order {order_id}")
    return CheckoutStatus(**describe(order, is_customers=order.user_id == caller.user_id))


def describe(order: Order, *, is_customers: bool) -> dict[str, Any]:
    """Return the fields of a CheckoutStatus.

    The next action is for the order's customer alone.
    """
    payment = payments.find_payment(order.order_id)
    status = PaymentStatus(payment.status) if payment else None
    return {
        "order_id": order.order_id,
        "status": order.status,
        "step": _step(order, status),
        "payment_status": _SHOWN.get(status, str(status)),
        "total_amount": money.decimal(order.total_minor, order.currency),
        "currency": order.currency,
        "reason": order.reason or (payment.reason if payment else None),
        "next_action": _next_action(order, payment) if is_customers else None,
    }


def _step(order: Order, payment_status: PaymentStatus | None) -> str:
    if order.status == OrderStatus.CREATED:
        return _STEPS[payment_status]
    return "End" if order.is_paid else "CheckoutFailed"


def _next_action(order: Order, payment: Payment | None) -> dict[str, Any] | None:
    """What the customer's client does next. Nobody else gets the client secret."""
    if order.status != OrderStatus.CREATED or order.is_overdue or payment is None:
        return None
    if payment.status != PaymentStatus.REQUIRES_ACTION:
        return None
    secret = {"clientSecret": payment.client_secret} if payment.client_secret else {}
    action = payment.next_action.as_dict() if payment.next_action else {}
    return {**action, **secret}
