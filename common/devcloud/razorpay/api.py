"""The ways into the stand-in for Razorpay, over HTTP as its documentation and its SDK speak it."""

import base64
import json
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from devcloud.razorpay.errors import RazorpayError, out_of_order, refused
from devcloud.stripe.api import Broken

if TYPE_CHECKING:
    from devcloud.razorpay.gateway import Gateway

Thing = dict[str, Any]
Act = Callable[[Request, Thing], Thing]  # of the request and, for a POST, of its body

_ORDERS, _REFUND = "/v1/orders", "/v1/payments/{id}/refund"


def create_app(gateway: "Gateway", further: Sequence[Route]) -> Starlette:
    """The stand-in as an ASGI app; the further routes come first."""

    def refund(request: Request, given: Thing) -> Thing:
        key = request.headers.get("X-Refund-Idempotency")
        return gateway.create_refund(request.path_params["id"], given, key)

    ways: list[tuple[str, str, Act]] = [
        ("POST", _ORDERS, lambda request, given: gateway.create_order(given)),
        ("GET", _ORDERS, lambda request, given: gateway.list_orders(request.query_params)),
        (
            "GET",
            f"{_ORDERS}/{{id}}",
            lambda request, given: gateway.order(request.path_params["id"]),
        ),
        (
            "GET",
            f"{_ORDERS}/{{id}}/payments",
            lambda request, given: gateway.list_payments(request.path_params["id"]),
        ),
        ("POST", _REFUND, refund),
        (
            "GET",
            f"{_REFUND}s",
            lambda request, given: gateway.list_refunds(
                request.path_params["id"], request.query_params
            ),
        ),
    ]
    routes = [Route(path, _endpoint(gateway, act), methods=[method]) for method, path, act in ways]
    nowhere = Route("/{rest:path}", _endpoint(gateway, _unknown), methods=["GET", "POST", "DELETE"])
    return Starlette(routes=[*further, *routes, nowhere])


def _endpoint(gateway: "Gateway", act: Act) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(_respond, gateway, request, await request.body(), act)

    return endpoint


def _respond(gateway: "Gateway", request: Request, sent: bytes, act: Act) -> Response:
    switches, posted = gateway.switches, request.method == "POST"
    time.sleep(switches.slow_ms / 1000)
    if switches.unreachable:
        return Broken()
    try:
        if switches.down:
            raise out_of_order(503)
        _authenticate(request)
        if posted and switches.count_down("errors"):
            raise out_of_order(switches.error_status)
        answer = act(request, _given(sent) if posted else {})
    except RazorpayError as problem:
        return JSONResponse(problem.body, problem.status)
    lost = "lose_creations" if request.url.path == _ORDERS else "lose_answers"
    return Broken() if posted and switches.count_down(lost) else JSONResponse(answer)


def _authenticate(request: Request) -> None:
    """Any key id with any key secret: https://razorpay.com/docs/api/authentication."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    try:
        key_id, _, key_secret = base64.b64decode(given).decode().partition(":")
    except ValueError:
        key_id = key_secret = ""
    if scheme != "Basic" or not key_id.startswith("rzp_") or not key_secret:
        raise refused("Authentication failed", status=401)


def _given(sent: bytes) -> Thing:
    try:
        given = json.loads(sent)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise refused("The request's body must be a JSON object.")
    return given


def _unknown(request: Request, given: Thing) -> Thing:
    raise refused("The requested URL was not found on the server.", status=404)
