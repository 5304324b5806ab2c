"""The states of a PaymentIntent.

https://docs.stripe.com/payments/paymentintents/lifecycle

Each function takes an intent and returns its next state, or raises Stripe's error.
"""

import secrets
import time

from devcloud.gateways.store import JsonObject
from devcloud.stripe.errors import invalid_request, missing_param, unexpected_state
from devcloud.stripe.payment_methods import Bank, find_bank, requested_method

_OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
_AT_THE_BANK = ("requires_action", "processing")
_MIN_AMOUNT = 1
# https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts; KRW is not in that table.
MIN_AMOUNTS = {
    "aud": 50, "cad": 50, "chf": 50, "dkk": 250, "eur": 50, "gbp": 30, "inr": 50, "jpy": 50,
    "krw": 1000, "nok": 300, "nzd": 50, "pln": 200, "sek": 300, "sgd": 50, "usd": 50,
}  # fmt: skip
_WITHOUT_DECIMALS = ("jpy", "krw")
_SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "inr": "₹"}
_MAX_AMOUNT = 99_999_999  # https://docs.stripe.com/api/payment_intents/create


def created(params: JsonObject) -> JsonObject:
    """Return a new intent, not confirmed."""
    amount, currency = _amount(params), _currency(params)
    _require_minimum(amount, currency)
    if "upi" in _types(params):
        _require_rupees(currency)
    identifier = f"pi_{secrets.token_hex(12)}"
    intent: JsonObject = {
        "id": identifier,
        "object": "payment_intent",
        "amount": amount,
        "amount_received": 0,
        "currency": currency,
        "status": "requires_payment_method",
        "client_secret": f"{identifier}_secret_{secrets.token_hex(12)}",
        "created": int(time.time()),
        "metadata": params.get("metadata") or {},
        "description": params.get("description"),
        "payment_method": None,
        "payment_method_types": _types(params) or ["card", "upi"],
        "automatic_payment_methods": _automatic(params),
        "last_payment_error": None,
        "latest_charge": None,
        "next_action": None,
        "capture_method": "automatic_async",
        "confirmation_method": "automatic",
        "cancellation_reason": None,
        "canceled_at": None,
        "livemode": False,
    }
    if method := requested_method(params):
        find_bank(method, intent["payment_method_types"])
        intent |= {"payment_method": method, "status": "requires_confirmation"}
    return intent


def confirmed(intent: JsonObject, params: JsonObject) -> JsonObject:
    """Return the intent after the bank responded.

    It succeeds, is declined (requires_payment_method again), or requires an action.
    """
    if intent["status"] not in _OPEN:
        raise unexpected_state(intent, "confirmed")
    intent = {**intent, "payment_method_types": _types(params) or intent["payment_method_types"]}
    method = requested_method(params) or intent["payment_method"]
    if not method:
        raise invalid_request(
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            code="payment_intent_unexpected_state",
        )
    bank = find_bank(method, intent["payment_method_types"])
    if bank.type == "upi":
        _require_rupees(intent["currency"])
    intent = {**intent, "payment_method": method, "last_payment_error": None, "next_action": None}
    if bank.decline_code:
        return _declined(intent, bank)
    if bank.requires_action:
        return {
            **intent,
            "status": "requires_action",
            "next_action": _next_action(intent, bank, params),
        }
    return succeeded(intent)


def succeeded(intent: JsonObject) -> JsonObject:
    """Return the intent with its amount captured."""
    return {
        **intent,
        "status": "succeeded",
        "amount_received": intent["amount"],
        "latest_charge": f"ch_{secrets.token_hex(12)}",
        "next_action": None,
        "last_payment_error": None,
    }


def approved(intent: JsonObject) -> JsonObject:
    """Return the intent after the customer, or then the bank, approved it."""
    if intent["status"] not in _AT_THE_BANK:
        raise unexpected_state(intent, "approved")
    return succeeded(intent)


def processing(intent: JsonObject) -> JsonObject:
    """Return the intent after the customer approved it, while the bank still decides."""
    if intent["status"] != "requires_action":
        raise unexpected_state(intent, "processed")
    return {**intent, "status": "processing", "next_action": None}


def refused(intent: JsonObject) -> JsonObject:
    """Return the intent after the customer, or the bank, refused it."""
    if intent["status"] not in _AT_THE_BANK:
        raise unexpected_state(intent, "refused")
    failure = Bank(
        decline_code="authentication_required",
        code="payment_intent_authentication_failure",
        message="The provided PaymentMethod has failed authentication.",
    )
    return _declined({**intent, "next_action": None}, failure)


def canceled(intent: JsonObject, params: JsonObject) -> JsonObject:
    """Return the intent canceled, never to be captured."""
    if intent["status"] not in _OPEN:
        raise unexpected_state(intent, "canceled")
    return {
        **intent,
        "status": "canceled",
        "canceled_at": int(time.time()),
        "cancellation_reason": params.get("cancellation_reason"),
        "next_action": None,
    }


def refund(intent: JsonObject, refunded_amount: int, params: JsonObject) -> JsonObject:
    """Return a new refund of at most what is captured and not refunded yet."""
    left = intent["amount_received"] - refunded_amount
    if intent["status"] != "succeeded":
        raise invalid_request(
            f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
        )
    if left <= 0:
        raise invalid_request(
            f"Charge {intent['latest_charge']} has already been refunded.",
            code="charge_already_refunded",
        )
    amount = _amount(params) if "amount" in params else left
    if amount > left:
        raise invalid_request(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})",
            param="amount",
        )
    return {
        "id": f"re_{secrets.token_hex(12)}",
        "object": "refund",
        "amount": amount,
        "currency": intent["currency"],
        "payment_intent": intent["id"],
        "charge": intent["latest_charge"],
        "status": "succeeded",
        "reason": params.get("reason"),
        "metadata": params.get("metadata") or {},
        "created": int(time.time()),
    }


def _declined(intent: JsonObject, bank: Bank) -> JsonObject:
    error = {
        "type": "card_error",
        "code": bank.code,
        "decline_code": bank.decline_code,
        "message": bank.message,
        "payment_method": {
            "id": intent["payment_method"],
            "object": "payment_method",
            "type": bank.type,
        },
    }
    return {
        **intent,
        "status": "requires_payment_method",
        "payment_method": None,
        "last_payment_error": error,
    }


def _next_action(intent: JsonObject, bank: Bank, params: JsonObject) -> JsonObject:
    if bank.type == "upi":
        return {"type": "upi_await_notification"}
    if return_url := params.get("return_url"):
        page = f"https://hooks.stripe.example/3d_secure_2/{intent['id']}"
        return {
            "type": "redirect_to_url",
            "redirect_to_url": {"url": page, "return_url": return_url},
        }
    return {
        "type": "use_stripe_sdk",
        "use_stripe_sdk": {"type": "three_d_secure_redirect", "source": intent["id"]},
    }


def _amount(params: JsonObject) -> int:
    if "amount" not in params:
        raise missing_param("amount")
    text = str(params["amount"])
    if not (text.isascii() and text.removeprefix("-").isdigit()):
        raise invalid_request(
            f"Invalid integer: {text}", param="amount", code="parameter_invalid_integer"
        )
    if not _MIN_AMOUNT <= int(text) <= _MAX_AMOUNT:
        message = f"This value must be between {_MIN_AMOUNT} and {_MAX_AMOUNT}."
        raise invalid_request(message, param="amount", code="parameter_invalid_integer")
    return int(text)


def _require_minimum(amount: int, currency: str) -> None:
    """Raise Stripe's error for less than it charges in this currency."""
    minimum = MIN_AMOUNTS.get(currency, _MIN_AMOUNT)
    if amount < minimum:
        decimals = 0 if currency in _WITHOUT_DECIMALS else 2
        least = f"{_SYMBOLS.get(currency, '')}{minimum / 10**decimals:.{decimals}f} {currency}"
        raise invalid_request(
            f"Amount must be at least {least}", param="amount", code="amount_too_small"
        )


def _require_rupees(currency: str) -> None:
    """Raise Stripe's error: https://docs.stripe.com/payments/upi."""
    if currency != "inr":
        raise invalid_request(
            f"The currency provided ({currency}) is invalid. Payments with upi support the"
            " following currencies: inr.",
            param="currency",
        )


def _currency(params: JsonObject) -> str:
    if "currency" not in params:
        raise missing_param("currency")
    currency = str(params["currency"]).lower()
    if not (currency.isascii() and currency.isalpha() and len(currency) == 3):
        raise invalid_request(f"Invalid currency: {currency}.", param="currency")
    return currency


def _types(params: JsonObject) -> list[str]:
    types = params.get("payment_method_types") or []
    return [str(name) for name in (types.values() if isinstance(types, dict) else types)]


def _automatic(params: JsonObject) -> dict[str, bool] | None:
    setting = params.get("automatic_payment_methods")
    if setting and _types(params):
        raise invalid_request(
            "You may only specify one of these parameters: automatic_payment_methods,"
            " payment_method_types.",
            param="automatic_payment_methods",
        )
    return {"enabled": setting.get("enabled") == "true"} if isinstance(setting, dict) else None
