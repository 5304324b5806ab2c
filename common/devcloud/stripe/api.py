"""The HTTP API of the fake of Stripe, for the official SDK and browsers."""

import secrets
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from devcloud.gateways.api import GatewayApi, Handler
from devcloud.gateways.store import JsonObject
from devcloud.stripe import forms, lists
from devcloud.stripe.errors import StripeError, not_found, outage
from devcloud.stripe.idempotency import Answer, RequestKeys

if TYPE_CHECKING:
    from devcloud.stripe.gateway import FakeStripe

_INTENTS, _REFUNDS = "/v1/payment_intents", "/v1/refunds"
_CHARGES, _EVENTS = "/v1/charges", "/v1/events"
_SEARCH, _INTENT = f"{_INTENTS}/search", f"{_INTENTS}/{{id}}"


class StripeApi(GatewayApi):
    """The API, as https://docs.stripe.com/api describes it."""

    def __init__(self, gateway: "FakeStripe") -> None:
        super().__init__(gateway.faults)
        self._gateway, self._keys = gateway, RequestKeys(gateway.store, gateway.keys)
        # What a browser may do with its intent's client secret: https://docs.stripe.com/keys
        self._for_browsers = (self._retrieve_intent, self._confirm_intent)

    def operations(self) -> Sequence[tuple[str, str, Handler]]:
        """Return method, path and handler of each operation."""
        gateway, list_all = self._gateway, self._gateway.store.list_all
        return [
            ("POST", _INTENTS, lambda request, params: gateway.create_intent(params)),
            ("GET", _INTENTS, lambda request, params: gateway.list_intents(_INTENTS, params)),
            (
                "GET",
                _SEARCH,
                lambda request, params: lists.search(_SEARCH, list_all("payment_intent"), params),
            ),
            ("GET", _INTENT, self._retrieve_intent),
            ("POST", f"{_INTENT}/confirm", self._confirm_intent),
            (
                "POST",
                f"{_INTENT}/cancel",
                lambda request, params: gateway.cancel_intent(request.path_params["id"], params),
            ),
            ("POST", _REFUNDS, lambda request, params: gateway.create_refund(params)),
            (
                "GET",
                _REFUNDS,
                lambda request, params: lists.page(_REFUNDS, list_all("refund"), params),
            ),
            (
                "GET",
                f"{_REFUNDS}/{{id}}",
                lambda request, params: (200, gateway.refund(request.path_params["id"])),
            ),
            (
                "GET",
                "/v1/disputes/{id}",
                lambda request, params: (200, gateway.retrieve_dispute(request.path_params["id"])),
            ),
            (
                "GET",
                _CHARGES,
                lambda request, params: lists.page(_CHARGES, gateway.charges(params), params),
            ),
            (
                "GET",
                _EVENTS,
                lambda request, params: lists.page(_EVENTS, list_all("event"), params),
            ),
        ]

    def perform(self, request: Request, body: bytes, handler: Handler) -> Response:
        """Authenticate a request and let its handler respond, once by idempotency key."""
        params = _params(request, body)
        self._authenticate(request, params, handler)

        def execute() -> Answer:
            if request.method == "POST":
                self.raise_configured_error()
            answer: Answer = handler(request, params)
            return answer

        key = request.headers.get("Idempotency-Key")
        if not key or request.method != "POST":
            status, answer = execute()
            return JSONResponse(answer, status)
        path = request.url.path
        (status, answer), is_repeated = self._keys.execute_once(key, path, params, execute)
        return JSONResponse(
            answer, status, {"Idempotent-Replayed": "true"} if is_repeated else None
        )

    def reject_path(self, request: Request, params: JsonObject) -> Answer:
        """Raise Stripe's error for an unknown path."""
        path = request.path_params["rest"]
        raise StripeError(404, "invalid_request_error", f"Unrecognized request URL: /{path}.")

    def outage(self, status: int) -> StripeError:
        """Return Stripe's error when it is busy or broken."""
        return outage(status)

    def losable_as(self, request: Request, body: bytes, status: int) -> Iterator[str]:
        """Yield the faults that may lose a response that moved money or created an intent."""
        if request.method != "POST":
            return
        path = request.url.path
        is_confirmed = _params(request, body).get("confirm") == "true"
        moves_money = path.endswith("/confirm") or path == _REFUNDS or is_confirmed
        if moves_money and status in (200, 402):
            yield "lose_answers"
        if path == _INTENTS and status == 200:
            yield "lose_creations"

    def headers(self, request: Request) -> dict[str, str]:
        """Return the headers of every response."""
        headers = {"Request-Id": f"req_{secrets.token_hex(7)}"}
        if key := request.headers.get("Idempotency-Key"):
            headers["Idempotency-Key"] = key
        return headers

    def _retrieve_intent(self, request: Request, params: JsonObject) -> Answer:
        intent = self._gateway.intent(request.path_params["id"])
        return 200, self._gateway.expanded(intent, params)

    def _confirm_intent(self, request: Request, params: JsonObject) -> Answer:
        return self._gateway.confirm_intent(request.path_params["id"], params)

    def _authenticate(self, request: Request, params: JsonObject, handler: Handler) -> None:
        """Accept any secret key, and a publishable key for what browsers may do."""
        header = request.headers.get("Authorization", "").removeprefix("Bearer ")
        key = params.pop("key", None) or header
        secret = params.pop("client_secret", None)
        if key.startswith(("sk_", "rk_")):
            return
        if not key.startswith("pk_"):
            raise StripeError(401, "invalid_request_error", "Invalid API Key provided.")
        if handler not in self._for_browsers:
            message = "This API call cannot be made with a publishable API key."
            raise StripeError(401, "invalid_request_error", message, code="secret_key_required")
        identifier = request.path_params["id"]
        if self._gateway.intent(identifier)["client_secret"] != secret:
            raise not_found("payment_intent", identifier)


def _params(request: Request, body: bytes) -> JsonObject:
    sent = body if request.method == "POST" else request.url.query.encode()
    return forms.nested(parse_qsl(sent.decode(errors="replace"), keep_blank_values=True))
