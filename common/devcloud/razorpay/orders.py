"""The states of orders, payments and refunds.

https://razorpay.com/docs/payments/orders

An order can be attempted several times. Each attempt is a payment, at most one is captured. Each
function takes objects and returns their next state, or raises Razorpay's error.
"""

import secrets
import time
from typing import Any

from devcloud.gateways.store import JsonObject
from devcloud.razorpay.errors import bad_request

_MIN_AMOUNT = 100  # one rupee: https://razorpay.com/docs/api/orders/create
_EVIDENCE_SECONDS = 7 * 24 * 3600
_MAX_RECEIPT, _MAX_NOTE, _MAX_NOTES = 40, 256, 15


def created(body: JsonObject) -> JsonObject:
    """Return a new order, not paid yet."""
    amount = _amount(body)
    receipt = body.get("receipt")
    if receipt is not None and not (isinstance(receipt, str) and len(receipt) <= _MAX_RECEIPT):
        raise bad_request(
            f"The receipt may not be greater than {_MAX_RECEIPT} characters.", "receipt"
        )
    return {
        "id": new_id("order"),
        "entity": "order",
        "amount": amount,
        "amount_paid": 0,
        "amount_due": amount,
        "currency": _currency(body),
        "receipt": receipt,
        "offer_id": None,
        "status": "created",
        "attempts": 0,
        "notes": validated_notes(body),
        "created_at": int(time.time()),
    }


def captures_automatically(body: JsonObject) -> bool:
    """Whether an authorized payment is captured at once.

    https://razorpay.com/docs/payments/payments/capture-settings/api
    """
    settings = body.get("payment") or {}
    return body.get("payment_capture") in (1, True) or settings.get("capture") == "automatic"


def attempted(order: JsonObject) -> tuple[JsonObject, JsonObject]:
    """Return the order with a new attempt, and that payment, authorized.

    Each is made by UPI. Raises: RazorpayError once the order is paid, or outside INR.
    """
    if order["status"] == "paid":
        raise bad_request("Order already paid, no further payment can be processed")
    if order["currency"] != "INR":  # https://razorpay.com/docs/payments/payment-methods/upi
        raise bad_request("UPI transactions are not supported for international currencies")
    order = {**order, "status": "attempted", "attempts": order["attempts"] + 1}
    return order, _payment(order)


def captured(order: JsonObject, payment: JsonObject) -> tuple[JsonObject, JsonObject]:
    """Return the order paid, and its payment captured."""
    if order["status"] == "paid":
        raise bad_request("This payment has already been captured")
    paid = {**order, "status": "paid", "amount_paid": order["amount"], "amount_due": 0}
    return paid, {**payment, "status": "captured", "captured": True}


def failed(payment: JsonObject, soft: bool) -> JsonObject:
    """Return the payment declined or, if soft, failed for a technical reason."""
    reason = _TECHNICAL if soft else _DECLINED
    return {**payment, "status": "failed", **reason}


def refunded(payment: JsonObject, body: JsonObject) -> tuple[JsonObject, JsonObject]:
    """Return the payment with the refund deducted, and the refund.

    Raises: RazorpayError when more than the captured amount would be refunded.
    """
    if payment["status"] == "refunded":
        raise bad_request("The payment has been fully refunded already", "amount")
    if payment["status"] != "captured":
        raise bad_request("The payment status should be captured for action to be taken")
    left = payment["amount"] - payment["amount_refunded"]
    amount = _amount(body) if "amount" in body else payment["amount"]
    if amount > left:
        raise bad_request(
            "The total refund amount is greater than the refund payment amount", "amount"
        )
    is_whole = amount == left
    after = {
        **payment,
        "amount_refunded": payment["amount_refunded"] + amount,
        "status": "refunded" if is_whole else "captured",
        "refund_status": "full" if is_whole else "partial",
    }
    return after, _refund(payment, amount, body)


def refund_failed(payment: JsonObject, refund: JsonObject) -> tuple[JsonObject, JsonObject]:
    """Return the payment without a refund that failed, and that refund.

    https://razorpay.com/docs/payments/refunds/statuses
    """
    remaining = payment["amount_refunded"] - refund["amount"]
    after = {
        "amount_refunded": remaining,
        "status": "captured",
        "refund_status": "partial" if remaining else None,
    }
    return {**payment, **after}, {**refund, "status": "failed"}


def disputed(payment: JsonObject, status: str) -> JsonObject:
    """Return the one dispute of a payment: https://razorpay.com/docs/api/disputes."""
    return {
        "id": f"disp_{payment['id'].removeprefix('pay_')}",
        "entity": "dispute",
        "payment_id": payment["id"],
        "amount": payment["amount"],
        "currency": payment["currency"],
        "reason_code": "chargeback",
        "respond_by": int(time.time()) + _EVIDENCE_SECONDS,
        "status": status,
    }


def new_id(kind: str) -> str:
    """Return a random id in Razorpay's format, of fourteen characters."""
    return f"{kind}_{secrets.token_hex(7)}"


def validated_notes(body: JsonObject) -> Any:
    """Return the notes as Razorpay does: an empty list for none."""
    notes = body.get("notes") or {}
    if not isinstance(notes, dict) or len(notes) > _MAX_NOTES:
        raise bad_request(
            f"Number of fields in notes should be less than or equal to {_MAX_NOTES}", "notes"
        )
    if any(len(str(value)) > _MAX_NOTE for value in notes.values()):
        raise bad_request(f"Value of a note cannot be longer than {_MAX_NOTE} characters", "notes")
    return notes or []


_NO_ERROR = dict.fromkeys(
    ("error_code", "error_description", "error_source", "error_step", "error_reason"), None
)
_DECLINED = {
    "error_code": "BAD_REQUEST_ERROR",
    "error_description": "Your payment was declined by the bank.",
    "error_source": "issuer_bank",
    "error_step": "payment_authorization",
    "error_reason": "payment_declined",
}
_TECHNICAL = {
    "error_code": "GATEWAY_ERROR",
    "error_description": "Your payment could not be completed due to a temporary technical issue.",
    "error_source": "gateway",
    "error_step": "payment_authorization",
    "error_reason": "gateway_technical_error",
}


def _payment(order: JsonObject) -> JsonObject:
    """Return a new payment, without notes, which the client's checkout would set."""
    return {
        "id": new_id("pay"),
        "entity": "payment",
        "amount": order["amount"],
        "currency": order["currency"],
        "status": "authorized",
        "order_id": order["id"],
        "method": "upi",
        "captured": False,
        "amount_refunded": 0,
        "refund_status": None,
        "notes": [],
        **_NO_ERROR,
        "created_at": int(time.time()),
    }


def _refund(payment: JsonObject, amount: int, body: JsonObject) -> JsonObject:
    return {
        "id": new_id("rfnd"),
        "entity": "refund",
        "amount": amount,
        "currency": payment["currency"],
        "payment_id": payment["id"],
        "notes": validated_notes(body),
        "receipt": body.get("receipt"),
        "status": "processed",
        "speed_requested": "normal",
        "speed_processed": "normal",
        "created_at": int(time.time()),
    }


def _amount(body: JsonObject) -> int:
    amount = body.get("amount")
    if not isinstance(amount, int) or isinstance(amount, bool):
        raise bad_request("The amount must be an integer.", "amount")
    if amount < _MIN_AMOUNT:
        raise bad_request(f"The amount must be at least {_MIN_AMOUNT}.", "amount")
    return amount


def _currency(body: JsonObject) -> str:
    currency = str(body.get("currency", ""))
    if not (
        currency.isascii() and currency.isalpha() and currency.isupper() and len(currency) == 3
    ):
        raise bad_request("Currency is not supported", "currency")
    return currency
