"""Stripe's errors, in the words of its API.

https://docs.stripe.com/api/errors, https://docs.stripe.com/error-codes
"""

from typing import Any

from devcloud.gateways.errors import GatewayError
from devcloud.gateways.store import JsonObject


class StripeError(GatewayError):
    """An error response, with the fields of its `error` object."""

    def __init__(self, status: int, type_: str, message: str, **fields: Any) -> None:
        super().__init__(status, message, {"error": {"type": type_, "message": message, **fields}})


def invalid_request(
    message: str, param: str | None = None, code: str | None = None, **fields: Any
) -> StripeError:
    """400: the request is wrong, or not possible now."""
    named = {name: value for name, value in (("param", param), ("code", code)) if value}
    return StripeError(400, "invalid_request_error", message, **named, **fields)


def missing_param(param: str) -> StripeError:
    """400: a required parameter is missing."""
    return invalid_request(
        f"Missing required param: {param}.", param=param, code="parameter_missing"
    )


def not_found(kind: str, identifier: str, param: str = "intent") -> StripeError:
    """404: there is no such object."""
    message = f"No such {kind}: '{identifier}'"
    return StripeError(404, "invalid_request_error", message, code="resource_missing", param=param)


def unexpected_state(intent: JsonObject, participle: str) -> StripeError:
    """400: an intent of this status cannot be confirmed, canceled, ..."""
    return invalid_request(
        f"This PaymentIntent could not be {participle} because it has a status of"
        f" {intent['status']}.",
        code="payment_intent_unexpected_state",
        payment_intent=intent,
    )


def declined(intent: JsonObject) -> StripeError:
    """402: the bank of the payment method declined."""
    error = intent["last_payment_error"]
    reason = {name: error[name] for name in ("message", "code", "decline_code")}
    return StripeError(402, "card_error", **reason, payment_intent=intent)


def outage(status: int) -> StripeError:
    """409: the object is locked, 429: rate limited, from 500: Stripe itself failed."""
    if status == 409:
        message = (
            "This object cannot be accessed right now because another request is currently"
            " accessing it."
        )
        return StripeError(status, "invalid_request_error", message, code="lock_timeout")
    if status == 429:
        message = "Request rate limit exceeded."
        return StripeError(status, "invalid_request_error", message, code="rate_limit")
    return StripeError(status, "api_error", "Something went wrong on the gateway's end.")
