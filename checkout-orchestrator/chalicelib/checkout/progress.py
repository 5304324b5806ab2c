"""How far a checkout is, from the rows of its order and its payment: the state machine's history is not for many readers."""

from typing import Any

from chalicelib.checkout.errors import OrderNotFound
from chalicelib.checkout.models import BOUGHT, CREATED, Order, find_order
from chalicelib.checkout.schemas import Progress
from chalicelib.payments import models as payments
from chalicelib.payments.models import Payment
from common import ids, money
from common.auth import Caller

# The state that the saga is in or near while its order is CREATED, by the payment's status.
_STEPS = {
    None: "CheckInventory",
    payments.STARTED: "ProcessPayment",
    payments.REQUIRES_ACTION: "AwaitPayment",
    payments.SUCCEEDED: "UpdateInventory",
    payments.FAILED: "RefundPayment",
    payments.VOIDED: "RefundPayment",
    payments.REFUNDING: "RefundPayment",
    payments.REFUNDED: "ReleaseInventory",
}
_SPOKEN = {None: "PENDING", payments.STARTED: "PENDING", payments.SUCCEEDED: "SUCCESS"}


def of_order(caller: Caller, order_id: str) -> Progress:
    """What the order's customer, or an admin, may know of its checkout; OrderNotFound for anybody else."""
    order = find_order(ids.parse("ORDER", order_id))
    if order is None or not (caller.is_admin or order.user_id == caller.user_id):
        raise OrderNotFound(f"you have no order {order_id}")
    payment = payments.find(order.order_id)
    status = payment.status if payment else None
    return Progress(
        order_id=order.order_id,
        status=order.status,
        step=_step(order, status),
        payment_status=_SPOKEN.get(status) or str(status),
        total_amount=money.decimal(order.total_minor, order.currency),
        currency=order.currency,
        reason=order.reason or (payment.reason if payment else None),
        next_action=_next_action(order, payment) if order.user_id == caller.user_id else None,
    )


def _step(order: Order, payment_status: str | None) -> str:
    if order.status == CREATED:
        return _STEPS[payment_status]
    return "End" if order.status in BOUGHT else "CheckoutFailed"


def _next_action(order: Order, payment: Payment | None) -> dict[str, Any] | None:
    """What the customer's client does next; the client secret is for nobody else."""
    if order.status != CREATED or payment is None or payment.status != payments.REQUIRES_ACTION:
        return None
    secret = {"clientSecret": payment.client_secret} if payment.client_secret else {}
    action = payment.next_action.as_dict() if payment.next_action else {}
    return {**action, **secret}
