"""The page /docs of the local shop: its OpenAPI documents in Swagger UI, which PyPI's swagger-ui-py brings along."""

import importlib.metadata
import json
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from delivery.paths import ROOT, SERVICES

FOLDER = ROOT / "docs/openapi"
_DOCUMENTS = ("shop", *SERVICES)
_VIEWER = (
    "swagger-ui.css",
    "swagger-ui-bundle.js",
    "swagger-ui-standalone-preset.js",
    "favicon-32x32.png",
)
# All comes from here and goes here; Swagger UI writes styles into its elements and draws its icons as data.
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
_START = """SwaggerUIBundle({
  dom_id: "#page",
  urls: %s,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  layout: "StandaloneLayout",
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  persistAuthorization: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
"""


def routes() -> list[BaseRoute]:
    """What /docs and all below it answer."""
    return [
        Route("/docs", _page),
        Route("/docs/start.js", _start),
        Route("/docs/openapi/{name}.json", _document),
        Route("/docs/viewer/{name}", _viewer),
    ]


def _page(request: Request) -> Response:
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})


def _start(request: Request) -> Response:
    urls = [{"name": name, "url": f"/docs/openapi/{name}.json"} for name in _DOCUMENTS]
    return Response(_START % json.dumps(urls), media_type="text/javascript")


def _document(request: Request) -> Response:
    return _file(request, _DOCUMENTS, FOLDER, ".json")


def _viewer(request: Request) -> Response:
    static = importlib.metadata.distribution("swagger-ui-py").locate_file("swagger_ui/static")
    return _file(request, _VIEWER, Path(str(static)))


def _file(request: Request, known: tuple[str, ...], folder: Path, ending: str = "") -> Response:
    name = request.path_params["name"]
    if name not in known:
        return JSONResponse({"Code": "NotFound", "Message": f"there is: {', '.join(known)}"}, 404)
    return FileResponse(folder / f"{name}{ending}", headers={"Cache-Control": "no-cache"})
