"""Forward each path of the shop's one address to its service.

`python -m devcloud.reverse_proxy --port 8000 --routes FILE`: the file maps path prefixes to
addresses, and is reloaded when it changes. /, /mail and /docs are served here.
"""

import argparse
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from devcloud import docs_page
from devcloud.pages import routes as pages
from devcloud.pages.tokens import Accounts

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_TIMEOUT = httpx.Timeout(35, connect=3)  # API Gateway gives up after 29 s
# Kept connections expire before the local AWS closes them, after 5 s: none breaks in use.
_LIMITS = httpx.Limits(max_connections=200, max_keepalive_connections=100, keepalive_expiry=2)
# https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1: between two neighbours only
_HOP_BY_HOP = {
    b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"te", b"trailer",
    b"transfer-encoding", b"upgrade",
}  # fmt: skip


class _Any(PathConvertor):
    """Every path, also with a line break (`%0A`), which Starlette's `path` excludes."""

    regex = r"[\s\S]*"


class Routes:
    """Which address answers which path, as the file says at the moment."""

    def __init__(self, file: Path) -> None:
        self._file, self._read_at, self._table = file, -1, dict[str, str]()

    @property
    def directory(self) -> Path:
        """Where the shop keeps its state."""
        return self._file.parent

    def table(self) -> dict[str, str]:
        """Return addresses by prefix, the previous ones while the file is being written."""
        changed = self._file.stat().st_mtime_ns if self._file.exists() else -1
        if changed != self._read_at:
            with suppress(OSError, ValueError):
                self._table, self._read_at = json.loads(self._file.read_text()), changed
        return self._table

    def address(self, path: str) -> str | None:
        """Return the address of the longest prefix of the path, at a slash or its end."""
        fitting = [
            prefix for prefix in self.table() if path == prefix or path.startswith(f"{prefix}/")
        ]
        return self.table()[max(fitting, key=len)] if fitting else None


def create_app(routes: Routes) -> Starlette:
    """The front door as an ASGI app."""
    client = httpx.AsyncClient(limits=_LIMITS, trust_env=False)

    async def forward(request: Request) -> Response:
        path = request.scope["raw_path"].decode("latin-1")
        address = routes.address(path)
        if address is None:
            known = ", ".join(sorted(routes.table()))
            return _error(404, "NotFound", f"there is nothing at this address; there is: {known}")
        try:
            answer = await client.send(_outgoing(request, address), stream=True)
        except httpx.ReadTimeout:
            return _error(504, "GatewayTimeout", "the service took too long")
        except httpx.TransportError as exc:
            return _error(
                503, "ServiceUnavailable", f"the service does not answer: {type(exc).__name__}"
            )
        response = StreamingResponse(
            answer.aiter_raw(), answer.status_code, background=BackgroundTask(answer.aclose)
        )
        response.raw_headers = _end_to_end(answer.headers.raw)
        return response

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await client.aclose()

    accounts = Accounts()
    answered_here = [
        *pages.routes(routes.directory, routes.table, accounts),
        *docs_page.routes(routes.directory, accounts),
    ]
    register_url_convertor("any", _Any())
    return Starlette(
        routes=[*answered_here, Route("/{path:any}", forward, methods=_METHODS)], lifespan=lifespan
    )


def _outgoing(request: Request, address: str) -> httpx.Request:
    """Return the same request for the service, without headers or cookies of a client.

    Its path goes byte for byte, since an encoded `#` must stay encoded; httpx would tidy it up.
    """
    url, query = httpx.URL(address), request.scope["query_string"]
    path = url.raw_path.rstrip(b"/") + request.scope["raw_path"] + (b"?" + query if query else b"")
    has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
    return httpx.Request(
        request.method,
        url,
        headers=_forwarded(request),
        content=request.stream() if has_body else None,
        extensions={"target": path, "timeout": _TIMEOUT.as_dict()},
    )


def _forwarded(request: Request) -> list[tuple[bytes, bytes]]:
    headers = [
        (name, value)
        for name, value in _end_to_end(request.headers.raw)
        if name not in (b"host", b"x-forwarded-for")
    ]
    # The local AWS takes the first address as the source, as API Gateway takes the peer: what a
    # client says of itself does not count.
    peer = request.client.host if request.client else "unknown"
    return [*headers, (b"x-forwarded-for", peer.encode("latin-1"))]


def _end_to_end(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, value in headers if name.lower() not in _HOP_BY_HOP]


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"Code": code, "Message": message}, status)


def server(app: Starlette, port: int) -> uvicorn.Server:
    """The front door on a port of this machine only."""
    # No proxy is in front of it: X-Forwarded-For is the client's claim, and is replaced.
    settings = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        timeout_graceful_shutdown=3,
    )
    return uvicorn.Server(settings)


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m devcloud.reverse_proxy", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--routes", type=Path, required=True)
    given = parser.parse_args()
    server(create_app(Routes(given.routes)), given.port).run()


if __name__ == "__main__":
    main()
