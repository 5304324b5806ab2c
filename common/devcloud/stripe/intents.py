"""The life of a PaymentIntent: https://docs.stripe.com/payments/paymentintents/lifecycle.

Every verb takes the object as it is and gives it back as it becomes; what it cannot do it refuses as Stripe does.
"""

import secrets
import time
from typing import Any

from devcloud.stripe.errors import absent, invalid, unexpected_state
from devcloud.stripe.payment_methods import Bank, bank, chosen

Intent = dict[str, Any]
_OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
_AT_THE_BANK = ("requires_action", "processing")
_LEAST = 1
_MOST = 99_999_999  # https://docs.stripe.com/api/payment_intents/create


def created(params: dict[str, Any]) -> Intent:
    """A new intent, not confirmed."""
    amount, currency = _amount(params), _currency(params)
    identifier = f"pi_{secrets.token_hex(12)}"
    intent: Intent = {
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
    if method := chosen(params):
        bank(method, intent["payment_method_types"])
        intent |= {"payment_method": method, "status": "requires_confirmation"}
    return intent


def confirmed(intent: Intent, params: dict[str, Any]) -> Intent:
    """The bank is asked: succeeded, declined (back to requires_payment_method), or the customer must act."""
    if intent["status"] not in _OPEN:
        raise unexpected_state(intent, "confirmed")
    intent = {**intent, "payment_method_types": _types(params) or intent["payment_method_types"]}
    method = chosen(params) or intent["payment_method"]
    if not method:
        raise invalid(
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            code="payment_intent_unexpected_state",
        )
    asked = bank(method, intent["payment_method_types"])
    intent = {**intent, "payment_method": method, "last_payment_error": None, "next_action": None}
    if asked.decline_code:
        return _declined(intent, asked)
    if asked.asks:
        return {
            **intent,
            "status": "requires_action",
            "next_action": _next_action(intent, asked, params),
        }
    return succeeded(intent)


def succeeded(intent: Intent) -> Intent:
    """The money is captured."""
    return {
        **intent,
        "status": "succeeded",
        "amount_received": intent["amount"],
        "latest_charge": f"ch_{secrets.token_hex(12)}",
        "next_action": None,
        "last_payment_error": None,
    }


def approved(intent: Intent) -> Intent:
    """The customer agreed on the bank's page, or the bank carried out what was processing."""
    if intent["status"] not in _AT_THE_BANK:
        raise unexpected_state(intent, "approved")
    return succeeded(intent)


def processing(intent: Intent) -> Intent:
    """The customer agreed, and the bank takes its time: `approved` or `refused` comes later."""
    if intent["status"] != "requires_action":
        raise unexpected_state(intent, "processed")
    return {**intent, "status": "processing", "next_action": None}


def refused(intent: Intent) -> Intent:
    """The customer, or the bank, did not agree."""
    if intent["status"] not in _AT_THE_BANK:
        raise unexpected_state(intent, "refused")
    failure = Bank(
        decline_code="authentication_required",
        code="payment_intent_authentication_failure",
        message="The provided PaymentMethod has failed authentication.",
    )
    return _declined({**intent, "next_action": None}, failure)


def canceled(intent: Intent, params: dict[str, Any]) -> Intent:
    """Never to be captured any more."""
    if intent["status"] not in _OPEN:
        raise unexpected_state(intent, "canceled")
    return {
        **intent,
        "status": "canceled",
        "canceled_at": int(time.time()),
        "cancellation_reason": params.get("cancellation_reason"),
        "next_action": None,
    }


def refund(intent: Intent, earlier: int, params: dict[str, Any]) -> dict[str, Any]:
    """Money back, never more than was captured less what was given back `earlier`."""
    left = intent["amount_received"] - earlier
    if intent["status"] != "succeeded":
        raise invalid(
            f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
        )
    if left <= 0:
        raise invalid(
            f"Charge {intent['latest_charge']} has already been refunded.",
            code="charge_already_refunded",
        )
    amount = _amount(params) if "amount" in params else left
    if amount > left:
        raise invalid(
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


def _declined(intent: Intent, asked: Bank) -> Intent:
    problem = {
        "type": "card_error",
        "code": asked.code,
        "decline_code": asked.decline_code,
        "message": asked.message,
        "payment_method": {
            "id": intent["payment_method"],
            "object": "payment_method",
            "type": asked.type,
        },
    }
    return {
        **intent,
        "status": "requires_payment_method",
        "payment_method": None,
        "last_payment_error": problem,
    }


def _next_action(intent: Intent, asked: Bank, params: dict[str, Any]) -> dict[str, Any]:
    if asked.type == "upi":
        return {"type": "upi_await_notification"}
    if back := params.get("return_url"):
        page = f"https://hooks.stripe.example/3d_secure_2/{intent['id']}"
        return {"type": "redirect_to_url", "redirect_to_url": {"url": page, "return_url": back}}
    return {
        "type": "use_stripe_sdk",
        "use_stripe_sdk": {"type": "three_d_secure_redirect", "source": intent["id"]},
    }


def _amount(params: dict[str, Any]) -> int:
    if "amount" not in params:
        raise absent("amount")
    given = str(params["amount"])
    if not (given.isascii() and given.removeprefix("-").isdigit()):
        raise invalid(f"Invalid integer: {given}", param="amount", code="parameter_invalid_integer")
    if not _LEAST <= int(given) <= _MOST:
        message = f"This value must be between {_LEAST} and {_MOST}."
        raise invalid(message, param="amount", code="parameter_invalid_integer")
    return int(given)


def _currency(params: dict[str, Any]) -> str:
    if "currency" not in params:
        raise absent("currency")
    currency = str(params["currency"]).lower()
    if not (currency.isascii() and currency.isalpha() and len(currency) == 3):
        raise invalid(f"Invalid currency: {currency}.", param="currency")
    return currency


def _types(params: dict[str, Any]) -> list[str]:
    types = params.get("payment_method_types") or []
    return [str(name) for name in (types.values() if isinstance(types, dict) else types)]


def _automatic(params: dict[str, Any]) -> dict[str, bool] | None:
    wanted = params.get("automatic_payment_methods")
    if wanted and _types(params):
        raise invalid(
            "You may only specify one of these parameters: automatic_payment_methods, payment_method_types.",
            param="automatic_payment_methods",
        )
    return {"enabled": wanted.get("enabled") == "true"} if isinstance(wanted, dict) else None
