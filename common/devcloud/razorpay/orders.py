"""The life of an order, its payments and their refunds: https://razorpay.com/docs/payments/orders.

An order takes any number of attempts to pay it, each a payment of its own, and at most one of them is captured.
Every verb takes the objects as they are and gives them back as they become; what it cannot do it refuses as Razorpay does.
"""

import secrets
import time
from typing import Any

from devcloud.razorpay.errors import refused

Thing = dict[str, Any]
_LEAST = 100  # one rupee: https://razorpay.com/docs/api/orders/create
_LONGEST_RECEIPT, _LONGEST_NOTE, _MOST_NOTES = 40, 256, 15


def created(given: Thing) -> Thing:
    """A new order, which nobody has paid."""
    amount = _amount(given)
    receipt = given.get("receipt")
    if receipt is not None and not (isinstance(receipt, str) and len(receipt) <= _LONGEST_RECEIPT):
        raise refused(
            f"The receipt may not be greater than {_LONGEST_RECEIPT} characters.", "receipt"
        )
    return {
        "id": identifier("order"),
        "entity": "order",
        "amount": amount,
        "amount_paid": 0,
        "amount_due": amount,
        "currency": _currency(given),
        "receipt": receipt,
        "offer_id": None,
        "status": "created",
        "attempts": 0,
        "notes": notes(given),
        "created_at": int(time.time()),
    }


def captures_by_itself(given: Thing) -> bool:
    """Whether what the customer authorizes is captured at once: https://razorpay.com/docs/payments/payments/capture-settings/api."""
    asked = given.get("payment") or {}
    return given.get("payment_capture") in (1, True) or asked.get("capture") == "automatic"


def attempted(order: Thing) -> tuple[Thing, Thing]:
    """The order with another attempt, and that payment, which is authorized; refused once one is captured."""
    if order["status"] == "paid":
        raise refused("Order already paid, no further payment can be processed")
    order = {**order, "status": "attempted", "attempts": order["attempts"] + 1}
    return order, _payment(order)


def captured(order: Thing, payment: Thing) -> tuple[Thing, Thing]:
    """The money is the shop's."""
    if order["status"] == "paid":
        raise refused("This payment has already been captured")
    paid = {**order, "status": "paid", "amount_paid": order["amount"], "amount_due": 0}
    return paid, {**payment, "status": "captured", "captured": True}


def failed(payment: Thing, soft: bool) -> Thing:
    """The customer's bank, or the way to it, said no; the order may be tried again."""
    problem = _TECHNICAL if soft else _DECLINED
    return {**payment, "status": "failed", **problem}


def refunded(payment: Thing, given: Thing) -> tuple[Thing, Thing]:
    """The payment less what is given back, and that refund; never more than was captured."""
    if payment["status"] == "refunded":
        raise refused("The payment has been fully refunded already", "amount")
    if payment["status"] != "captured":
        raise refused("The payment status should be captured for action to be taken")
    left = payment["amount"] - payment["amount_refunded"]
    amount = _amount(given) if "amount" in given else payment["amount"]
    if amount > left:
        raise refused("The total refund amount is greater than the refund payment amount", "amount")
    is_whole = amount == left
    after = {
        **payment,
        "amount_refunded": payment["amount_refunded"] + amount,
        "status": "refunded" if is_whole else "captured",
        "refund_status": "full" if is_whole else "partial",
    }
    return after, _refund(payment, amount, given)


def refund_failed(payment: Thing, refund: Thing) -> tuple[Thing, Thing]:
    """The customer's bank sends the money back: https://razorpay.com/docs/payments/refunds/statuses."""
    back = payment["amount_refunded"] - refund["amount"]
    after = {
        "amount_refunded": back,
        "status": "captured",
        "refund_status": "partial" if back else None,
    }
    return {**payment, **after}, {**refund, "status": "failed"}


def identifier(kind: str) -> str:
    """An id such as Razorpay's, of fourteen letters and figures."""
    return f"{kind}_{secrets.token_hex(7)}"


def notes(given: Thing) -> Any:
    """The notes as they come back: without any, an empty list."""
    found = given.get("notes") or {}
    if not isinstance(found, dict) or len(found) > _MOST_NOTES:
        raise refused(
            f"Number of fields in notes should be less than or equal to {_MOST_NOTES}", "notes"
        )
    if any(len(str(value)) > _LONGEST_NOTE for value in found.values()):
        raise refused(f"Value of a note cannot be longer than {_LONGEST_NOTE} characters", "notes")
    return found or []


_NO_PROBLEM = dict.fromkeys(
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


def _payment(order: Thing) -> Thing:
    """Its notes are those that the customer's client gave to the checkout: none."""
    return {
        "id": identifier("pay"),
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
        **_NO_PROBLEM,
        "created_at": int(time.time()),
    }


def _refund(payment: Thing, amount: int, given: Thing) -> Thing:
    return {
        "id": identifier("rfnd"),
        "entity": "refund",
        "amount": amount,
        "currency": payment["currency"],
        "payment_id": payment["id"],
        "notes": notes(given),
        "receipt": given.get("receipt"),
        "status": "processed",
        "speed_requested": "normal",
        "speed_processed": "normal",
        "created_at": int(time.time()),
    }


def _amount(given: Thing) -> int:
    amount = given.get("amount")
    if not isinstance(amount, int) or isinstance(amount, bool):
        raise refused("The amount must be an integer.", "amount")
    if amount < _LEAST:
        raise refused(f"The amount must be at least {_LEAST}.", "amount")
    return amount


def _currency(given: Thing) -> str:
    currency = str(given.get("currency", ""))
    if not (
        currency.isascii() and currency.isalpha() and currency.isupper() and len(currency) == 3
    ):
        raise refused("Currency is not supported", "currency")
    return currency
