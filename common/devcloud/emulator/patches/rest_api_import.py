"""ImportRestApi and PutRestApi, with which plain `chalice deploy` makes and changes an API; ministack has neither."""

import json
from typing import Any

from ministack.services import apigateway_v1 as apis

from devcloud.emulator.patches import openapi_import
from devcloud.emulator.patching import expect_parameters

_handle_request = apis.handle_request
_rest_api_view = apis._rest_api_view


def apply() -> None:
    """Answer these two requests here, and leave all others to ministack."""
    expect_parameters(_handle_request, "method", "path", "headers", "body", "query_params")
    expect_parameters(_rest_api_view, "api")
    apis.handle_request = handle_request
    apis._rest_api_view = rest_api_view


async def handle_request(method: str, path: str, headers: Any, body: Any, query_params: Any) -> Any:
    """Import a document as a new API, or over one that exists."""
    parts = [part for part in path.split("/") if part]
    if method == "POST" and parts == ["restapis"] and apis._qp(query_params, "mode") == "import":
        kind = apis._qp(query_params, "endpointConfigurationTypes")
        settings = {"endpointConfiguration": {"types": [kind]}} if kind else None
        api = apis._import_rest_api(json.loads(body), settings)
        _, answer_headers, answer = apis._get_rest_api(api)
        return 201, answer_headers, answer
    if method == "PUT" and len(parts) == 2 and parts[0] == "restapis":
        if parts[1] not in apis._rest_apis:
            return apis._v1_error("NotFoundException", "Invalid API identifier specified", 404)
        openapi_import.overwrite(parts[1], json.loads(body))
        return apis._get_rest_api(parts[1])
    return await _handle_request(method, path, headers, body, query_params)


def rest_api_view(api: Any) -> Any:
    """An API as it is answered; boto3 cannot read a compression size that is not a number."""
    view = _rest_api_view(api)
    if view and not isinstance(view.get("minimumCompressionSize", 0), int):
        view.pop("minimumCompressionSize")
    return view
