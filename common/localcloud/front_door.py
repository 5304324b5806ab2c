"""The shop's one address: forwards each path to the service that answers it, as one domain does on AWS.

`python -m localcloud.front_door --port 8000 --routes FILE`; the file maps path prefixes to addresses and is read anew when it
changes.
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
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_TIMEOUT = httpx.Timeout(35, connect=3)  # API Gateway gives up after 29 s
# https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1: between two neighbours only
_HOP_BY_HOP = {
    b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"te", b"trailer",
    b"transfer-encoding", b"upgrade",
}  # fmt: skip


class Routes:
    """Which address answers which path, as the file says at the moment."""

    def __init__(self, file: Path) -> None:
        self._file, self._read_at, self._table = file, -1, dict[str, str]()

    def table(self) -> dict[str, str]:
        """Prefixes and addresses; the last ones that could be read, if the file is being written."""
        changed = self._file.stat().st_mtime_ns if self._file.exists() else -1
        if changed != self._read_at:
            with suppress(OSError, ValueError):
                self._table, self._read_at = json.loads(self._file.read_text()), changed
        return self._table

    def address(self, path: str) -> str | None:
        """The address of the longest prefix that the path starts with, at a slash or its end."""
        fitting = [prefix for prefix in self.table() if path == prefix or path.startswith(f"{prefix}/")]
        return self.table()[max(fitting, key=len)] if fitting else None


def create_app(routes: Routes) -> Starlette:
    """The front door as an ASGI app."""
    client = httpx.AsyncClient(timeout=_TIMEOUT, limits=httpx.Limits(max_connections=200), trust_env=False)

    async def forward(request: Request) -> Response:
        path = request.scope["raw_path"]
        address = routes.address(path.decode("ascii"))
        if path == b"/":
            return JSONResponse({"services": sorted(routes.table())})
        if address is None:
            known = ", ".join(sorted(routes.table()))
            return _refusal(404, "NotFound", f"there is nothing at this address; there is: {known}")
        try:
            answer = await client.send(await _outgoing(client, request, address), stream=True)
        except httpx.TransportError as problem:
            return _refusal(
                503, "ServiceUnavailable", f"the service does not answer: {type(problem).__name__}"
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

    return Starlette(routes=[Route("/{path:path}", forward, methods=_METHODS)], lifespan=lifespan)


async def _outgoing(client: httpx.AsyncClient, request: Request, address: str) -> httpx.Request:
    """The same request for the service: its path byte for byte, since an encoded `#` must stay encoded."""
    target = httpx.URL(address)
    query = request.scope["query_string"]
    raw_path = target.raw_path.rstrip(b"/") + request.scope["raw_path"] + (b"?" + query if query else b"")
    headers = [
        pair
        for pair in _end_to_end(request.headers.raw)
        if pair[0].lower() not in (b"host", b"content-length")
    ]
    if request.client:
        headers.append((b"x-forwarded-for", request.client.host.encode()))
    body = await request.body()
    return client.build_request(
        request.method, target.copy_with(raw_path=raw_path), headers=headers, content=body
    )


def _end_to_end(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, value in headers if name.lower() not in _HOP_BY_HOP]


def _refusal(status: int, code: str, message: str) -> Response:
    return JSONResponse({"Code": code, "Message": message}, status)


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m localcloud.front_door", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--routes", type=Path, required=True)
    given = parser.parse_args()
    app = create_app(Routes(given.routes))
    uvicorn.run(app, host="127.0.0.1", port=given.port, log_level="error", access_log=False)


if __name__ == "__main__":
    main()
