"""The verbs of stock compensation: release or commit what an order holds."""

from typing import Any

from chalicelib.readmodels.orders import PAYABLE_OR_PAID, find_order
from chalicelib.saga import lambdas
from chalicelib.saga.lambdas import StepFailed
from common import events, log

_RESERVATION_ENDED = ("OutOfStock", "ReservationEnded")
_LAMBDAS = {"release": "release-inventory", "commit": "update-inventory"}


class ActionUnknown(Exception):
    """A message asks for an action that does not exist."""


def process_message(message: dict[str, Any]) -> None:
    """Release or commit an order's stock, also of a PaymentSuccess. Idempotent.

    Raises: ActionUnknown; StepFailed and botocore's errors, so that the message comes again.
    """
    if "detail-type" in message:
        commit_paid_order(events.parse(events.PaymentSuccess, message))
        return
    name = _LAMBDAS.get(message.get("action", ""))
    if name is None:
        raise ActionUnknown(f"action: expected release or commit, got {message.get('action')!r}")
    fields: tuple[str, ...] = ("orderId", "userId", "items")
    step = {field: message[field] for field in fields if field in message}
    lambdas.invoke("product-service", name, step)


def commit_paid_order(paid: events.PaymentSuccess) -> None:
    """Deduct the goods of a paid order, as the saga does. Idempotent.

    An order that ended otherwise, or whose reservation did, is left to the saga, which refunds it.
    """
    order = find_order(paid.order_id)
    if order is None or order.status not in PAYABLE_OR_PAID:
        _log_skipped(paid, "no order to be fulfilled")
        return
    items = [{"productId": line.product_id, "qty": line.qty} for line in order.lines]
    step = {"orderId": paid.order_id, "userId": paid.user_id, "items": items}
    try:
        lambdas.invoke("product-service", "update-inventory", step)
    except StepFailed as exc:
        if exc.error not in _RESERVATION_ENDED:
            raise
        _log_skipped(paid, exc.error)


def _log_skipped(paid: events.PaymentSuccess, why: str) -> None:
    log.logger.info("left to the saga", extra={"orderId": paid.order_id, "why": why})
