"""Stripe's errors, as its API words them: https://docs.stripe.com/api/errors, https://docs.stripe.com/error-codes."""

from typing import Any


class StripeError(Exception):
    """An answer that is an error: its HTTP status, and the fields of its `error` object."""

    def __init__(self, status: int, type_: str, message: str, **fields: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"error": {"type": type_, "message": message, **fields}}


def invalid(
    message: str, param: str | None = None, code: str | None = None, **fields: Any
) -> StripeError:
    """400: the request cannot be carried out as it stands."""
    named = {name: value for name, value in (("param", param), ("code", code)) if value}
    return StripeError(400, "invalid_request_error", message, **named, **fields)


def absent(param: str) -> StripeError:
    """400: a parameter that must be there is not."""
    return invalid(f"Missing required param: {param}.", param=param, code="parameter_missing")


def missing(kind: str, identifier: str, param: str = "intent") -> StripeError:
    """404: there is no such object."""
    message = f"No such {kind}: '{identifier}'"
    return StripeError(404, "invalid_request_error", message, code="resource_missing", param=param)


def unexpected_state(intent: dict[str, Any], act: str) -> StripeError:
    """400: an intent in this status does not take that."""
    return invalid(
        f"This PaymentIntent could not be {act} because it has a status of {intent['status']}.",
        code="payment_intent_unexpected_state",
        payment_intent=intent,
    )


def declined(intent: dict[str, Any]) -> StripeError:
    """402: the payment method's bank said no."""
    return StripeError(
        402, "card_error", **_reason(intent["last_payment_error"]), payment_intent=intent
    )


def out_of_order(status: int) -> StripeError:
    """The gateway's own trouble: 409 for a lock that another request holds, 429 for too many, 500 and more for a failure."""
    if status == 409:
        message = "This object cannot be accessed right now because another request is currently accessing it."
        return StripeError(status, "invalid_request_error", message, code="lock_timeout")
    if status == 429:
        message = "Request rate limit exceeded."
        return StripeError(status, "invalid_request_error", message, code="rate_limit")
    return StripeError(status, "api_error", "Something went wrong on the gateway's end.")


def _reason(problem: dict[str, Any]) -> dict[str, Any]:
    return {
        "message": problem["message"],
        "code": problem["code"],
        "decline_code": problem["decline_code"],
    }
