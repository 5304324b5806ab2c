"""Implement PutRestApi, with which `chalice deploy` updates an API.

ministack answers that there is no such method. Here it has mode=overwrite.

AWS: API Gateway, "PutRestApi".
https://docs.aws.amazon.com/apigateway/latest/api/API_PutRestApi.html
"""

from typing import Any

from ministack.services import apigateway_v1

from devcloud.emulator.patching import rewrite_function

_ROUTE = """    if not parts:
"""
_PUT = """    if method == "PUT" and len(parts) == 2 and parts[0] == "restapis":
        return _put_document(parts[1], data, query_params)

"""


def apply() -> None:
    """Route the request before those with the same path."""
    rewrite_function(
        apigateway_v1, "handle_request", {_ROUTE: _PUT + _ROUTE}, _put_document=put_document
    )


def put_document(api_id: str, document: dict[str, Any], query_params: Any) -> Any:
    """Replace the definition of an API by an OpenAPI document."""
    if api_id not in apigateway_v1._rest_apis:
        return apigateway_v1._v1_error("NotFoundException", "Invalid API identifier specified", 404)
    if apigateway_v1._qp(query_params, "mode") != "overwrite":
        return apigateway_v1._v1_error(
            "BadRequestException", "PutRestApi is implemented for mode=overwrite only", 400
        )
    overwrite(api_id, document)
    return apigateway_v1._get_rest_api(api_id)


def overwrite(
    api_id: str, document: dict[str, Any], settings: dict[str, Any] | None = None
) -> None:
    """Import the document under the id of an existing API.

    `settings` outweigh the document, as on import.
    """
    imported = apigateway_v1._import_rest_api(document, settings)
    for store in (
        apigateway_v1._resources,
        apigateway_v1._authorizers_v1,
        apigateway_v1._gateway_responses,
    ):
        store[api_id] = store.pop(imported)
    types = apigateway_v1._rest_apis[imported]["binaryMediaTypes"]
    apigateway_v1._rest_apis[api_id]["binaryMediaTypes"] = types
    apigateway_v1._delete_rest_api(imported)
