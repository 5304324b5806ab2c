"""Implement ImportRestApi, with which `chalice deploy` creates an API.

ministack creates an empty API instead.

AWS: API Gateway, "ImportRestApi".
https://docs.aws.amazon.com/apigateway/latest/api/API_ImportRestApi.html
"""

from typing import Any

from ministack.services import apigateway_v1

from devcloud.emulator.patching import rewrite_function

_ROUTE = """    if not parts:
"""
_IMPORT = """    is_import = _qp(query_params, "mode") == "import"
    if is_import and method == "POST" and parts == ["restapis"]:
        return _import_document(data, query_params)

"""


def apply() -> None:
    """Route the request before those with the same path."""
    rewrite_function(
        apigateway_v1,
        "handle_request",
        {_ROUTE: _IMPORT + _ROUTE},
        _import_document=import_document,
    )


def import_document(document: dict[str, Any], query_params: Any) -> Any:
    """Create an API from an OpenAPI document."""
    kind = apigateway_v1._qp(query_params, "endpointConfigurationTypes")
    settings = {"endpointConfiguration": {"types": [kind]}} if kind else None
    api_id = apigateway_v1._import_rest_api(document, settings)
    _, headers, body = apigateway_v1._get_rest_api(api_id)
    return 201, headers, body
