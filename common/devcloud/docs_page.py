"""Serve /docs of the local shop: its OpenAPI documents in Swagger UI.

The ready-made customer's token and the shop's own ids are filled in; `?as=admin` takes the admin.
"""

import importlib.metadata
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from delivery.paths import ROOT, SERVICES
from devcloud import bootstrap, docs_examples, shop
from devcloud.pages.routes import own_hosts_only
from devcloud.pages.tokens import Accounts

Json = dict[str, Any]

FOLDER = ROOT / "docs/openapi"
_DOCUMENTS = ("shop", *SERVICES)
_ROLES = ("admin", "customer")
_SCHEME = "accessToken"  # the security scheme's name in the documents
_VIEWER = (
    "swagger-ui.css",
    "swagger-ui-bundle.js",
    "swagger-ui-standalone-preset.js",
    "favicon-32x32.png",
)
# Same origin only. Swagger UI writes inline styles, and draws its icons as data URLs.
_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>The shop</title>
<link rel="stylesheet" href="/docs/viewer/swagger-ui.css">
<link rel="icon" type="image/png" href="/docs/viewer/favicon-32x32.png">
</head>
<body>
<div id="page"></div>
<script src="/docs/viewer/swagger-ui-bundle.js"></script>
<script src="/docs/viewer/swagger-ui-standalone-preset.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_START = """const query = new URLSearchParams(location.search);
const who = query.get("as") === "admin" ? "admin" : "customer";
const ui = SwaggerUIBundle({
  dom_id: "#page",
  urls: %s,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  layout: "StandaloneLayout",
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  tryItOutEnabled: true,
  validatorUrl: null,
  onComplete: () => {
    authorize();
    setInterval(authorize, 20000); // an admin's token lives for a minute
  },
});
async function authorize() {
  const response = await fetch(`/docs/token/${who}`);
  if (response.ok) {
    const { scheme, token } = await response.json();
    ui.preauthorizeApiKey(scheme, token);
  }
}
"""
_HEADERS = {"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin"}


def routes(directory: Path, accounts: Accounts) -> list[BaseRoute]:
    """Return the routes of /docs and all below it."""

    def document(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _DOCUMENTS:
            return _unknown(_DOCUMENTS)
        text: Json = json.loads((FOLDER / f"{name}.json").read_text())
        with suppress(bootstrap.BootstrapFailed, httpx.HTTPError, LookupError):
            if local_shop := shop.running(directory):
                examples = docs_examples.collect(local_shop, accounts.customer(local_shop))
                text = docs_examples.fill(text, examples)
        return JSONResponse(text, headers=_HEADERS)

    def token(request: Request) -> Response:
        role = request.path_params["role"]
        if role not in _ROLES:
            return _unknown(_ROLES)
        local_shop = shop.running(directory)
        if local_shop is None:
            return JSONResponse(
                {"Code": "ServiceUnavailable", "Message": "the shop does not run"}, 503
            )
        account = accounts.admin(local_shop) if role == "admin" else accounts.customer(local_shop)
        return JSONResponse({"scheme": _SCHEME, "token": account.token}, headers=_HEADERS)

    return [
        Route("/docs", _page),
        Route("/docs/start.js", _start),
        Route("/docs/token/{role}", own_hosts_only(token)),
        Route("/docs/openapi/{name}.json", own_hosts_only(document)),
        Route("/docs/viewer/{name}", _viewer),
    ]


def _page(request: Request) -> Response:
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})


def _start(request: Request) -> Response:
    urls = [{"name": name, "url": f"/docs/openapi/{name}.json"} for name in _DOCUMENTS]
    return Response(_START % json.dumps(urls), media_type="text/javascript")


def _viewer(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _VIEWER:
        return _unknown(_VIEWER)
    static = importlib.metadata.distribution("swagger-ui-py").locate_file("swagger_ui/static")
    return FileResponse(Path(str(static)) / name, headers={"Cache-Control": "no-cache"})


def _unknown(known: tuple[str, ...]) -> Response:
    return JSONResponse({"Code": "NotFound", "Message": f"there is: {', '.join(known)}"}, 404)
