"""Razorpay's error responses: https://razorpay.com/docs/api/errors."""

from typing import Any

from devcloud.gateways.errors import GatewayError


class RazorpayError(GatewayError):
    """An error response, with the fields of its `error` object."""

    def __init__(self, status: int, code: str, description: str, **fields: Any) -> None:
        defaults = dict.fromkeys(("source", "step", "reason"), "NA")
        error = {"code": code, "description": description, "metadata": {}, **defaults, **fields}
        super().__init__(status, description, {"error": error})


def bad_request(description: str, field: str | None = None, status: int = 400) -> RazorpayError:
    """400: the request is wrong, or not possible now."""
    named = {"field": field} if field else {}
    return RazorpayError(status, "BAD_REQUEST_ERROR", description, source="business", **named)


def not_found() -> RazorpayError:
    """400, not 404: there is no such object."""
    return bad_request("The id provided does not exist")


def outage(status: int) -> RazorpayError:
    """409: the payment is locked, 429: rate limited, from 500: Razorpay itself failed."""
    if status == 409:
        return bad_request(
            "Request failed because another operation is in progress on this payment", status=409
        )
    if status == 429:
        return bad_request(
            "Request failed due to too many requests. Please try again later", status=429
        )
    return RazorpayError(
        status, "SERVER_ERROR", "We are facing some trouble completing your request."
    )
