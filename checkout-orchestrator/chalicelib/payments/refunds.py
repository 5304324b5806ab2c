"""Refunds of confirmed orders: so much of a payment goes back as order-service says, once per refund, and never more than came in."""

from chalicelib.checkout import lambdas
from chalicelib.payments import gateway, measures
from chalicelib.payments.attempts import ask
from chalicelib.payments.errors import RefundNotPossible
from chalicelib.payments.models import (
    REFUNDED,
    SUCCEEDED,
    Payment,
    Refund,
    again_if_contended,
    find,
)
from common import events, ids, log, money, queues

_NOTIFICATIONS = "notification-queue"
_STARTED, _DONE = "STARTED", "DONE"


def carry_out(requested: events.RefundRequested) -> None:
    """Give the money back, put the goods on the shelf if they are to be, announce PaymentRefunded and tell the customer. Safe to repeat.

    Raises RefundNotPossible, PaymentRejected, GatewayUnavailable, StepFailed: what is done stays done, and a repeat does the rest.
    """
    payment = _give_back(requested)
    if requested.restock:
        items = [{"productId": line.product_id, "qty": line.qty} for line in requested.items]
        asked = {
            "orderId": requested.order_id,
            "userId": requested.user_id,
            "refundId": requested.refund_id,
        }
        lambdas.call("product-service", "return-inventory", {**asked, "items": items})
    events.publish(_told(payment, requested))
    queues.send(_NOTIFICATIONS, _notice(requested))


@again_if_contended
def _give_back(requested: events.RefundRequested) -> Payment:
    """The payment with this refund done. The amount is set aside on the row before the gateway is asked."""
    payment = find(requested.order_id)
    if payment is None:
        raise RefundNotPossible(f"{requested.order_id} has no payment")
    refund = _of(payment, requested.refund_id) or _set_aside(payment, requested)
    if refund.status != _DONE:
        refund.gateway_id = _asked(payment, refund)
        refund.status = _DONE
        payment.keep(status=REFUNDED if _is_all(payment) else payment.status)
        measures.refunded(payment, refund.amount_minor, measures.RETURNED)
    return payment


def _set_aside(payment: Payment, requested: events.RefundRequested) -> Refund:
    amount = money.minor(requested.amount, requested.currency)
    if payment.status != SUCCEEDED or payment.currency != requested.currency:
        raise RefundNotPossible(
            f"the payment of {payment.order_id} is {payment.status}, in {payment.currency}"
        )
    if payment.refunded_minor + amount > payment.amount_minor:
        raise RefundNotPossible(
            f"{payment.order_id}: {amount} is more than is left of {payment.amount_minor}"
        )
    refund = Refund(refund_id=requested.refund_id, amount_minor=amount, status=_STARTED)
    payment.keep(refunds=[*payment.refunds, refund], refunded_minor=payment.refunded_minor + amount)
    return refund


def _asked(payment: Payment, refund: Refund) -> str | None:
    """The refund's id at the gateway; None where nothing was to be paid at all."""
    if payment.intent_id is None or refund.amount_minor == 0:
        return None
    at, key = gateway.named(payment.gateway), f"{payment.order_id}:{refund.refund_id}"
    made = ask(
        payment,
        lambda: at.refund(payment.intent_id, key, refund.amount_minor, attempt=payment.attempt),
    )
    if made is None:
        raise RefundNotPossible(f"{payment.order_id}: the gateway has nothing left to give back")
    return made


def _of(payment: Payment, refund_id: str) -> Refund | None:
    return next((refund for refund in payment.refunds if refund.refund_id == refund_id), None)


def _is_all(payment: Payment) -> bool:
    done = sum(refund.amount_minor for refund in payment.refunds if refund.status == _DONE)
    return done == payment.amount_minor


def _told(payment: Payment, requested: events.RefundRequested) -> events.PaymentRefunded:
    return events.create(
        events.PaymentRefunded,
        order_id=requested.order_id,
        event_id=ids.deterministic("EVT", events.PaymentRefunded.detail_type, requested.refund_id),
        user_id=requested.user_id,
        payment_id=payment.payment_id,
        refund_id=requested.refund_id,
        amount=requested.amount,
        currency=requested.currency,
    )


def _notice(requested: events.RefundRequested) -> dict[str, object]:
    """What the customer is told; it names the refund, so that each is told of once."""
    amount = money.format_amount(
        money.minor(requested.amount, requested.currency), requested.currency
    )
    order, refund = ids.suffix(requested.order_id), ids.suffix(requested.refund_id)
    return {
        "userId": requested.user_id,
        "type": "EMAIL",
        "orderId": requested.order_id,
        "subject": "Your refund",
        "message": f"{amount} of your order #{order} are on their way back to you (refund {refund}).",
        "correlationId": log.correlation_id(),
    }
