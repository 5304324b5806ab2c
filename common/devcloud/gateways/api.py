"""The HTTP API of a fake gateway: its routes, and the faults around each request."""

import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from devcloud.gateways.errors import GatewayError
from devcloud.gateways.fault_config import FaultConfig
from devcloud.gateways.store import JsonObject

# Handles a request with these parameters, in the form that the gateway's `perform` expects.
Handler = Callable[[Request, JsonObject], Any]


class GatewayApi(ABC):
    """The API of one gateway."""

    def __init__(self, faults: FaultConfig) -> None:
        self.faults = faults

    def create_app(self, control: Sequence[Route]) -> Starlette:
        """Return the API as an ASGI app. The routes under /_control come first."""
        routes = [
            Route(path, self._endpoint(handler), methods=[method])
            for method, path, handler in self.operations()
        ]
        unknown = Route(
            "/{rest:path}", self._endpoint(self.reject_path), methods=["GET", "POST", "DELETE"]
        )
        return Starlette(routes=[*control, *routes, unknown])

    @abstractmethod
    def operations(self) -> Sequence[tuple[str, str, Handler]]:
        """Return method, path and handler of each operation."""

    @abstractmethod
    def perform(self, request: Request, body: bytes, handler: Handler) -> Response:
        """Authenticate a request and let its handler respond. Raises: GatewayError."""

    @abstractmethod
    def reject_path(self, request: Request, params: JsonObject) -> Any:
        """Raise the gateway's error for a path that it does not have."""

    @abstractmethod
    def outage(self, status: int) -> GatewayError:
        """Return the gateway's error when it is busy (409, 429) or broken (from 500)."""

    @abstractmethod
    def losable_as(self, request: Request, body: bytes, status: int) -> Iterator[str]:
        """Yield the faults that may lose this response."""

    def headers(self, request: Request) -> dict[str, str]:
        """Return the headers of every response."""
        return {}

    def raise_configured_error(self) -> None:
        """Use up one of the configured errors, if there is one. Raises: GatewayError."""
        if self.faults.consume("errors"):
            raise self.outage(self.faults.error_status)

    def _endpoint(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            return await run_in_threadpool(self._respond, request, await request.body(), handler)

        return endpoint

    def _respond(self, request: Request, body: bytes, handler: Handler) -> Response:
        time.sleep(self.faults.slow_ms / 1000)
        if self.faults.unreachable:
            return DroppedConnection()
        try:
            if self.faults.down:
                raise self.outage(503)
            response = self.perform(request, body, handler)
        except GatewayError as exc:
            response = JSONResponse(exc.body, exc.status)
        if any(map(self.faults.consume, self.losable_as(request, body, response.status_code))):
            return DroppedConnection()
        response.headers.update(self.headers(request))
        return response


class DroppedConnection(Response):
    """A connection that ends in the middle of its response."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the beginning of a response, and no more."""
        headers = [(b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{", "more_body": False})
