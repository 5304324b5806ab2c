"""The ways into the stand-in for Stripe, over HTTP as the official SDK speaks it."""

import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from localcloud.stripe import control, forms, intents
from localcloud.stripe.errors import StripeError, declined, missing
from localcloud.stripe.idempotency import Answer, Keys
from localcloud.stripe.store import Store
from localcloud.stripe.switches import Switches
from localcloud.stripe.webhooks import Webhooks

INTENT, REFUND = "payment_intent", "refund"
_TOLD = {
    "succeeded": "payment_intent.succeeded",
    "requires_payment_method": "payment_intent.payment_failed",
    "requires_action": "payment_intent.requires_action",
    "canceled": "payment_intent.canceled",
}


class Gateway:
    """One stand-in: its books, its faults, whom it tells, and its ASGI `app`."""

    def __init__(
        self, state: Path | None = None, webhook_url: str = "", webhook_secret: str = "whsec_test"
    ) -> None:
        self.store = Store(state)
        self.switches = Switches()
        self.webhooks = Webhooks(self.store, self.switches, webhook_url, webhook_secret)
        self.keys = Keys(self.store)
        self.app = Starlette(routes=[*control.routes(self), *self._routes()])
        self.url = ""

    def close(self) -> None:
        """Stop telling, and let go of the file."""
        self.webhooks.close()
        self.store.close()

    def create_intent(self, params: dict[str, Any]) -> Answer:
        """POST /v1/payment_intents."""
        intent = intents.created(params)
        self.store.put(INTENT, intent["id"], intent)
        if params.get("confirm") == "true":
            return self.confirm_intent(intent["id"], params)
        return 200, intent

    def confirm_intent(self, identifier: str, params: dict[str, Any]) -> Answer:
        """POST /v1/payment_intents/{id}/confirm; a decline is an answer, and is kept like one."""
        intent = self.change(identifier, lambda found: intents.confirmed(found, params))
        if intent["last_payment_error"]:
            refusal = declined(intent)
            return refusal.status, refusal.body
        return 200, intent

    def cancel_intent(self, identifier: str, params: dict[str, Any]) -> Answer:
        """POST /v1/payment_intents/{id}/cancel."""
        return 200, self.change(identifier, lambda found: intents.canceled(found, params))

    def create_refund(self, params: dict[str, Any]) -> Answer:
        """POST /v1/refunds."""
        with self.store.lock:
            intent = self.intent(str(params.get("payment_intent")))
            made = intents.refund(intent, self.refunded(intent["id"]), params)
            self.store.put(REFUND, made["id"], made)
        self.webhooks.tell("charge.refunded", self.charge(intent))
        return 200, made

    def intent(self, identifier: str) -> dict[str, Any]:
        """The intent; 404 if there is none."""
        found = self.store.get(INTENT, identifier)
        if found is None:
            raise missing("payment_intent", identifier)
        return found

    def change(self, identifier: str, verb: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
        """Let the verb change the intent, alone, and tell whoever listens."""
        with self.store.lock:
            changed = verb(self.intent(identifier))
            self.store.put(INTENT, identifier, changed)
        self.webhooks.tell(_TOLD[changed["status"]], changed)
        return changed

    def refunded(self, intent_id: str) -> int:
        """Minor units given back so far."""
        return sum(made["amount"] for made in self.store.all(REFUND) if made["payment_intent"] == intent_id)

    def charge(self, intent: dict[str, Any]) -> dict[str, Any]:
        """The charge of a succeeded intent."""
        back = self.refunded(intent["id"])
        return {
            "id": intent["latest_charge"],
            "object": "charge",
            "amount": intent["amount"],
            "amount_captured": intent["amount_received"],
            "amount_refunded": back,
            "refunded": back == intent["amount_received"],
            "payment_intent": intent["id"],
            "metadata": intent["metadata"],
            "currency": intent["currency"],
            "status": "succeeded",
        }

    def _routes(self) -> list[Route]:
        one = "/v1/payment_intents/{id}"
        return [
            Route(
                "/v1/payment_intents",
                self._way(lambda path, params: self.create_intent(params)),
                methods=["POST"],
            ),
            Route(
                "/v1/payment_intents", self._way(lambda path, params: _page(self.store.all(INTENT), params))
            ),
            Route("/v1/payment_intents/search", self._way(self._search)),
            Route(one, self._way(lambda path, params: (200, self.intent(path["id"])))),
            Route(f"{one}/confirm", self._way(self._confirm), methods=["POST"]),
            Route(
                f"{one}/cancel",
                self._way(lambda path, params: self.cancel_intent(path["id"], params)),
                methods=["POST"],
            ),
            Route(
                "/v1/refunds", self._way(lambda path, params: self.create_refund(params)), methods=["POST"]
            ),
            Route("/v1/refunds", self._way(lambda path, params: _page(self.store.all(REFUND), params))),
            Route("/v1/charges", self._way(self._charges)),
            Route("/v1/events", self._way(lambda path, params: _page(self.store.all("event"), params))),
            Route("/{rest:path}", self._way(_unknown), methods=["GET", "POST", "DELETE"]),
        ]

    def _confirm(self, path: dict[str, str], params: dict[str, Any]) -> Answer:
        return self.confirm_intent(path["id"], params)

    def _search(self, path: dict[str, str], params: dict[str, Any]) -> Answer:
        wanted = str(params.get("query", "")).split("'")
        found = [
            intent
            for intent in self.store.all(INTENT)
            if len(wanted) == 5 and intent["metadata"].get(wanted[1]) == wanted[3]
        ]
        return _page(found, params, "search_result")

    def _charges(self, path: dict[str, str], params: dict[str, Any]) -> Answer:
        wanted = params.get("payment_intent")
        paid = [intent for intent in self.store.all(INTENT) if intent["latest_charge"]]
        return _page([self.charge(intent) for intent in paid if wanted in (None, intent["id"])], params)

    def _way(self, act: Callable[[dict[str, str], dict[str, Any]], Answer]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            sent = await request.body() if request.method == "POST" else request.url.query.encode()
            params = forms.nested(parse_qsl(sent.decode(), keep_blank_values=True))
            return await run_in_threadpool(self._answer, request, act, params)

        return endpoint

    def _answer(self, request: Request, act: Callable[..., Answer], params: dict[str, Any]) -> Response:
        time.sleep(self.switches.slow_ms / 1000)
        replayed = False
        try:
            if self.switches.down:
                raise StripeError(503, "api_error", "The gateway is down.")
            _authenticate(request, params, self)
            key = request.headers.get("Idempotency-Key")
            path = dict(request.path_params)
            if key and request.method == "POST":
                (status, body), replayed = self.keys.answer(
                    key, request.url.path, params, lambda: act(path, params)
                )
            else:
                status, body = act(path, params)
        except StripeError as problem:
            status, body = problem.status, problem.body
        if request.url.path.endswith("/confirm") and self._loses_this_answer():
            return _Broken()
        headers = {
            "Request-Id": f"req_{secrets.token_hex(7)}",
            **({"Idempotent-Replayed": "true"} if replayed else {}),
        }
        return JSONResponse(body, status, headers)

    def _loses_this_answer(self) -> bool:
        with self.store.lock:
            if self.switches.lose_answers == 0:
                return False
            self.switches.lose_answers -= 1
            return True


@contextlib.contextmanager
def serve(port: int = 0, webhook_url: str = "", webhook_secret: str = "whsec_test") -> Iterator[Gateway]:
    """A stand-in in a thread of this process, on a free port of 127.0.0.1 unless one is given; it forgets all at the end."""
    gateway = Gateway(None, webhook_url, webhook_secret)
    config = uvicorn.Config(gateway.app, host="127.0.0.1", port=port, log_level="error", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.005)
    gateway.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield gateway
    finally:
        server.should_exit = server.force_exit = True
        thread.join(timeout=5)
        gateway.close()


class _Broken(Response):
    """The connection breaks where an answer should be."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
        await send({"type": "http.response.body", "body": b"{", "more_body": False})


def _authenticate(request: Request, params: dict[str, Any], gateway: Gateway) -> None:
    """A secret key may do anything; a client with an intent's secret may look at that intent and confirm it."""
    key = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if key.startswith("sk_"):
        return
    identifier, secret = request.path_params.get("id"), params.pop("client_secret", None)
    if identifier and secret and gateway.intent(identifier)["client_secret"] == secret:
        return
    raise StripeError(401, "invalid_request_error", "Invalid API Key provided.")


def _page(found: list[dict[str, Any]], params: dict[str, Any], kind: str = "list") -> Answer:
    limit = int(params.get("limit", 10))
    matching = [
        thing for thing in found if params.get("payment_intent") in (None, thing.get("payment_intent"))
    ]
    return 200, {"object": kind, "data": matching[:limit], "has_more": len(matching) > limit, "url": "/v1"}


def _unknown(path: dict[str, str], params: dict[str, Any]) -> Answer:
    raise StripeError(404, "invalid_request_error", f"Unrecognized request URL: /{path['rest']}.")
