"""The HTTP API of the fake of Razorpay, for the official SDK."""

import base64
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from devcloud.gateways.api import GatewayApi, Handler
from devcloud.gateways.store import JsonObject
from devcloud.razorpay.errors import RazorpayError, bad_request, outage

if TYPE_CHECKING:
    from devcloud.razorpay.gateway import FakeRazorpay

_ORDERS, _REFUND = "/v1/orders", "/v1/payments/{id}/refund"


class RazorpayApi(GatewayApi):
    """The API, as https://razorpay.com/docs/api describes it."""

    def __init__(self, gateway: "FakeRazorpay") -> None:
        super().__init__(gateway.faults)
        self._gateway = gateway

    def operations(self) -> Sequence[tuple[str, str, Handler]]:
        """Return method, path and handler of each operation."""
        gateway = self._gateway
        return [
            ("POST", _ORDERS, lambda request, body: gateway.create_order(body)),
            ("GET", _ORDERS, lambda request, body: gateway.list_orders(request.query_params)),
            (
                "GET",
                f"{_ORDERS}/{{id}}",
                lambda request, body: gateway.order(request.path_params["id"]),
            ),
            (
                "GET",
                f"{_ORDERS}/{{id}}/payments",
                lambda request, body: gateway.list_payments(request.path_params["id"]),
            ),
            ("POST", _REFUND, self._create_refund),
            (
                "GET",
                "/v1/payments/{id}",
                lambda request, body: gateway.payment(request.path_params["id"]),
            ),
            (
                "GET",
                "/v1/disputes/{id}",
                lambda request, body: gateway.retrieve_dispute(request.path_params["id"]),
            ),
            (
                "GET",
                f"{_REFUND}s",
                lambda request, body: gateway.list_refunds(
                    request.path_params["id"], request.query_params
                ),
            ),
        ]

    def perform(self, request: Request, body: bytes, handler: Handler) -> Response:
        """Authenticate a request and let its handler respond."""
        _authenticate(request)
        if request.method != "POST":
            return JSONResponse(handler(request, {}))
        self.raise_configured_error()
        return JSONResponse(handler(request, _parse(body)))

    def reject_path(self, request: Request, params: JsonObject) -> JsonObject:
        """Raise Razorpay's error for an unknown path."""
        raise bad_request("The requested URL was not found on the server.", status=404)

    def outage(self, status: int) -> RazorpayError:
        """Return Razorpay's error when it is busy or broken."""
        return outage(status)

    def losable_as(self, request: Request, body: bytes, status: int) -> Iterator[str]:
        """Yield the fault that may lose this response: a POST that succeeded."""
        if request.method == "POST" and status == 200:
            yield "lose_creations" if request.url.path == _ORDERS else "lose_answers"

    def _create_refund(self, request: Request, body: JsonObject) -> JsonObject:
        key = request.headers.get("X-Refund-Idempotency")
        return self._gateway.create_refund(request.path_params["id"], body, key)


def _authenticate(request: Request) -> None:
    """Accept any key id with any secret: https://razorpay.com/docs/api/authentication."""
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    try:
        key_id, _, key_secret = base64.b64decode(credentials).decode().partition(":")
    except ValueError:
        key_id = key_secret = ""
    if scheme != "Basic" or not key_id.startswith("rzp_") or not key_secret:
        raise bad_request("Authentication failed", status=401)


def _parse(body: bytes) -> JsonObject:
    try:
        parsed = json.loads(body)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise bad_request("The request's body must be a JSON object.")
    return parsed
