"""Stock that was left behind: drives product-service to release it, or to deduct what was paid."""

from typing import Any

from chalicelib.checkout import lambdas
from chalicelib.checkout.lambdas import StepFailed
from chalicelib.checkout.models import MAY_BE_PAID, find_order
from common import events, log

_ENDED = ("OutOfStock", "ReservationEnded")
_LAMBDAS = {"release": "release-inventory", "commit": "update-inventory"}


class ActionUnknown(Exception):
    """A message asks for something that nobody here does."""


def update(message: dict[str, Any]) -> None:
    """Do what the message asks: release or commit an order's stock, or follow a PaymentSuccess. Safe to repeat."""
    if "detail-type" in message:
        return commit_paid(events.parse(events.PaymentSuccess, message))
    name = _LAMBDAS.get(message.get("action", ""))
    if name is None:
        raise ActionUnknown(f"action: expected release or commit, got {message.get('action')!r}")
    asked: dict[str, Any] = {
        key: message[key] for key in ("orderId", "userId", "items") if key in message
    }
    lambdas.call("product-service", name, asked)
    return None


def commit_paid(paid: events.PaymentSuccess) -> None:
    """Deduct the goods of a paid order; the saga does the same, and once is enough for product-service.

    An order that ended otherwise meanwhile, or whose reservation did, is left to the saga, which undoes the payment.
    """
    order = find_order(paid.order_id)
    if order is None or order.status not in MAY_BE_PAID:
        return _leave(paid, "no order to be fulfilled")
    items = [{"productId": line.product_id, "qty": line.qty} for line in order.lines]
    try:
        asked = {"orderId": paid.order_id, "userId": paid.user_id, "items": items}
        lambdas.call("product-service", "update-inventory", asked)
    except StepFailed as refusal:
        if refusal.error not in _ENDED:
            raise
        _leave(paid, refusal.error)


def _leave(paid: events.PaymentSuccess, why: str) -> None:
    log.logger.info("left to the saga", extra={"orderId": paid.order_id, "why": why})
