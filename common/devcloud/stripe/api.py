"""The ways into the stand-in for Stripe, over HTTP as the official SDK and a customer's browser speak it."""

import secrets
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from devcloud.stripe import forms, lists
from devcloud.stripe.errors import StripeError, missing, out_of_order
from devcloud.stripe.idempotency import Answer

if TYPE_CHECKING:
    from devcloud.stripe.gateway import Gateway

Params = dict[str, Any]
Act = Callable[[Params, Params], Answer]  # of the path's and the request's parameters

_INTENTS, _REFUNDS, _CHARGES, _EVENTS = (
    "/v1/payment_intents",
    "/v1/refunds",
    "/v1/charges",
    "/v1/events",
)
_SEARCH, _INTENT = f"{_INTENTS}/search", f"{_INTENTS}/{{id}}"
# What a browser may do to the one intent whose client secret it has: https://docs.stripe.com/keys
_FOR_CLIENTS = (("GET", _INTENT), ("POST", f"{_INTENT}/confirm"))


def create_app(gateway: "Gateway", further: Sequence[Route]) -> Starlette:
    """The stand-in as an ASGI app; the further routes come first."""
    store = gateway.store
    ways: list[tuple[str, str, Act]] = [
        ("POST", _INTENTS, lambda path, params: gateway.create_intent(params)),
        ("GET", _INTENTS, lambda path, params: gateway.list_intents(_INTENTS, params)),
        (
            "GET",
            _SEARCH,
            lambda path, params: lists.search(_SEARCH, store.all("payment_intent"), params),
        ),
        (
            "GET",
            _INTENT,
            lambda path, params: (200, gateway.expanded(gateway.intent(path["id"]), params)),
        ),
        (
            "POST",
            f"{_INTENT}/confirm",
            lambda path, params: gateway.confirm_intent(path["id"], params),
        ),
        (
            "POST",
            f"{_INTENT}/cancel",
            lambda path, params: gateway.cancel_intent(path["id"], params),
        ),
        ("POST", _REFUNDS, lambda path, params: gateway.create_refund(params)),
        ("GET", _REFUNDS, lambda path, params: lists.page(_REFUNDS, store.all("refund"), params)),
        ("GET", f"{_REFUNDS}/{{id}}", lambda path, params: (200, gateway.refund(path["id"]))),
        (
            "GET",
            _CHARGES,
            lambda path, params: lists.page(_CHARGES, gateway.charges(params), params),
        ),
        ("GET", _EVENTS, lambda path, params: lists.page(_EVENTS, store.all("event"), params)),
    ]
    routes = [
        Route(path, _endpoint(gateway, method, path, act), methods=[method])
        for method, path, act in ways
    ]
    nowhere = Route(
        "/{rest:path}", _endpoint(gateway, "", "", _unknown), methods=["GET", "POST", "DELETE"]
    )
    return Starlette(routes=[*further, *routes, nowhere])


def _endpoint(gateway: "Gateway", method: str, template: str, act: Act) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        sent = await request.body() if request.method == "POST" else request.url.query.encode()
        params = forms.nested(parse_qsl(sent.decode(errors="replace"), keep_blank_values=True))
        for_clients = (method, template) in _FOR_CLIENTS
        return await run_in_threadpool(_respond, gateway, request, params, for_clients, act)

    return endpoint


def _respond(
    gateway: "Gateway", request: Request, params: Params, for_clients: bool, act: Act
) -> Response:
    switches = gateway.switches
    time.sleep(switches.slow_ms / 1000)
    if switches.unreachable:
        return Broken()
    replayed = False
    try:
        if switches.down:
            raise out_of_order(503)
        _authenticate(gateway, request, params, for_clients)
        (status, body), replayed = _carry_out(gateway, request, params, act)
    except StripeError as problem:
        status, body = problem.status, problem.body
    if _is_done(request, params, status) and switches.count_down("lose_answers"):
        return Broken()
    if _is_made(request, status) and switches.count_down("lose_creations"):
        return Broken()
    headers = {"Request-Id": f"req_{secrets.token_hex(7)}"}
    if key := request.headers.get("Idempotency-Key"):
        headers["Idempotency-Key"] = key
    if replayed:
        headers["Idempotent-Replayed"] = "true"
    return JSONResponse(body, status, headers)


def _carry_out(
    gateway: "Gateway", request: Request, params: Params, act: Act
) -> tuple[Answer, bool]:
    path, key = dict(request.path_params), request.headers.get("Idempotency-Key")

    def carry_out() -> Answer:
        if request.method == "POST" and gateway.switches.count_down("errors"):
            raise out_of_order(gateway.switches.error_status)
        return act(path, params)

    if key and request.method == "POST":
        return gateway.keys.answer(key, request.url.path, params, carry_out)
    return carry_out(), False


def _is_done(request: Request, params: Params, status: int) -> bool:
    """Whether money was asked for or given back: an answer whose loss hurts."""
    path = request.url.path
    asks = path.endswith("/confirm") or path == _REFUNDS or params.get("confirm") == "true"
    return request.method == "POST" and asks and status in (200, 402)


def _is_made(request: Request, status: int) -> bool:
    return request.method == "POST" and request.url.path == _INTENTS and status == 200


def _authenticate(gateway: "Gateway", request: Request, params: Params, for_clients: bool) -> None:
    """A secret key may do anything; a browser, with the publishable key, what is for it and with the intent's own secret."""
    header = request.headers.get("Authorization", "").removeprefix("Bearer ")
    key = params.pop("key", None) or header
    secret = params.pop("client_secret", None)
    if key.startswith(("sk_", "rk_")):
        return
    if not key.startswith("pk_"):
        raise StripeError(401, "invalid_request_error", "Invalid API Key provided.")
    if not for_clients:
        message = "This API call cannot be made with a publishable API key."
        raise StripeError(401, "invalid_request_error", message, code="secret_key_required")
    identifier = request.path_params["id"]
    if gateway.intent(identifier)["client_secret"] != secret:
        raise missing("payment_intent", identifier)


def _unknown(path: Params, params: Params) -> Answer:
    raise StripeError(404, "invalid_request_error", f"Unrecognized request URL: /{path['rest']}.")


class Broken(Response):
    """The connection breaks where an answer should be."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Begin an answer, and end it before it is whole."""
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-length", b"1000")],
            }
        )
        await send({"type": "http.response.body", "body": b"{", "more_body": False})
