"""Stripe's objects in the terms of the port."""

from typing import Any

from chalicelib.payments.gateways.port import GatewayRefund, Intent, IntentStatus, Webhook
from common import settings

NAME = "stripe"
_STATUSES = {
    "requires_payment_method": IntentStatus.NEW,
    "requires_confirmation": IntentStatus.NEW,
    "requires_action": IntentStatus.WAITING,
    "processing": IntentStatus.PROCESSING,
    "succeeded": IntentStatus.CAPTURED,
    "canceled": IntentStatus.CANCELLED,
}
# Those whose next step is to try again: https://docs.stripe.com/declines/codes.
_SOFT_DECLINE_CODES = {
    "processing_error",
    "issuer_not_available",
    "try_again_later",
    "reenter_transaction",
    "approve_with_id",
}
REFUND_MADE = ("succeeded", "pending", "requires_action")
# https://docs.stripe.com/api/events/types
_REFUND_EVENTS = {"charge.refunded", "refund.created", "refund.updated", "refund.failed"}
_REFUND_FAILED = "refund.failed"  # https://docs.stripe.com/refunds#failed-refunds


def to_intent(response: Any) -> Intent:
    """Return the intent of a PaymentIntent."""
    intent = response.to_dict()
    error, charge = intent.get("last_payment_error") or {}, intent.get("latest_charge")
    status = _STATUSES[intent["status"]]
    if error and status == IntentStatus.NEW:
        status = IntentStatus.DECLINED
    code = error.get("decline_code") or error.get("code")
    return Intent(
        id=intent["id"],
        status=status,
        amount=intent["amount"],
        currency=intent["currency"].upper(),
        order_id=_own_order_id(intent.get("metadata") or {}),
        received=intent.get("amount_received") or 0,
        refunded=charge["amount_refunded"] if isinstance(charge, dict) else 0,
        decline=(error.get("message") or "the payment was declined") if error else None,
        decline_code=code,
        is_soft=code in _SOFT_DECLINE_CODES,
        client_secret=intent.get("client_secret"),
        action=_action(intent),
    )


def to_webhook(event: dict[str, Any]) -> Webhook:
    """Return what an event is about."""
    subject = event["data"]["object"]
    is_intent = subject["object"] == "payment_intent"
    return Webhook(
        gateway=NAME,
        event_id=event["id"],
        kind=event["type"],
        intent_id=subject["id"] if is_intent else subject.get("payment_intent"),
        order_id=_order_id(subject),
        failed_refund=subject["id"] if event["type"] == _REFUND_FAILED else None,
        is_about_refund=event["type"] in _REFUND_EVENTS,
        dispute_id=subject["id"] if subject["object"] == "dispute" else None,
    )


def to_refund(refund: dict[str, Any]) -> GatewayRefund:
    """Return the refund, made or failed."""
    return GatewayRefund(
        id=refund["id"],
        amount=refund["amount"],
        key=(refund.get("metadata") or {}).get("refundKey"),
        is_failed=refund["status"] not in REFUND_MADE,
    )


def _order_id(subject: dict[str, Any]) -> str | None:
    """The shop's order, with which the key of a refund begins."""
    metadata = subject.get("metadata") or {}
    return _own_order_id(metadata) or metadata.get("refundKey", "").split(":")[0] or None


def _own_order_id(metadata: dict[str, Any]) -> str | None:
    """The order of an intent of this shop and stage: the account may have others."""
    is_own = metadata.get("stage") == settings.text("STAGE")
    return metadata.get("orderId") if is_own else None


def _action(intent: dict[str, Any]) -> dict[str, str]:
    if intent["status"] == "processing":
        return {"type": "WAIT"}
    action = {"type": "CONFIRM_PAYMENT", "paymentIntentId": intent["id"]}
    page = (intent.get("next_action") or {}).get("redirect_to_url")
    return {**action, "url": page["url"]} if page else action
