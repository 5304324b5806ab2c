"""Razorpay's errors, as its API words them: https://razorpay.com/docs/api/errors."""

from typing import Any


class RazorpayError(Exception):
    """An answer that is an error: its HTTP status, and the fields of its `error` object."""

    def __init__(self, status: int, code: str, description: str, **fields: Any) -> None:
        super().__init__(description)
        self.status = status
        unknown = dict.fromkeys(("source", "step", "reason"), "NA")
        self.body: dict[str, Any] = {
            "error": {"code": code, "description": description, "metadata": {}, **unknown, **fields}
        }


def refused(description: str, field: str | None = None, status: int = 400) -> RazorpayError:
    """400: the request cannot be carried out as it stands."""
    named = {"field": field} if field else {}
    return RazorpayError(status, "BAD_REQUEST_ERROR", description, source="business", **named)


def missing() -> RazorpayError:
    """400 (not 404): there is no such object."""
    return refused("The id provided does not exist")


def out_of_order(status: int) -> RazorpayError:
    """The gateway's own trouble: 409 for a request that is still being carried out, 429 for too many, 500 and more for a failure."""
    if status == 409:
        return refused(
            "Request failed because another operation is in progress on this payment", status=409
        )
    if status == 429:
        return refused(
            "Request failed due to too many requests. Please try again later", status=429
        )
    return RazorpayError(
        status, "SERVER_ERROR", "We are facing some trouble completing your request."
    )
