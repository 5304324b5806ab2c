"""An API made from an OpenAPI document has everything the document says.

ministack reads only methods, authorizers and where an integration goes; it drops what answers CORS preflight requests, the
binary media types, and the gateway responses that give refusals the shop's own shape.
"""

from typing import Any

from ministack.services import apigateway_v1 as apis

from devcloud.emulator.patching import expect_parameters

_GATEWAY = "x-amazon-apigateway-gateway-responses"
_BINARY = "x-amazon-apigateway-binary-media-types"
_INTEGRATION = "x-amazon-apigateway-integration"
_KEPT = (
    "requestTemplates",
    "requestParameters",
    "passthroughBehavior",
    "contentHandling",
    "timeoutInMillis",
)

_import_operation = apis._import_operation
_import_rest_api = apis._import_rest_api


def apply() -> None:
    """Complete what ministack imports, operation by operation and then for the whole API."""
    expect_parameters(
        _import_operation,
        "api_id",
        "resource_id",
        "http_method",
        "operation",
        "scheme_map",
        "default_security",
    )
    expect_parameters(_import_rest_api, "spec", "base_data")
    apis._import_operation = import_operation
    apis._import_rest_api = import_rest_api


def import_operation(
    api: str, resource: str, method: str, operation: Any, schemes: Any = None, security: Any = None
) -> None:
    """One method with its integration and the responses of both."""
    _import_operation(api, resource, method, operation, schemes, security)
    wanted = (operation or {}).get(_INTEGRATION) or {}
    made = apis._resources[api][resource]["resourceMethods"][method].get("methodIntegration")
    if not made:
        return
    made.update({key: wanted[key] for key in _KEPT if wanted.get(key) is not None})
    for status, response in (operation.get("responses") or {}).items():
        headers = {
            f"method.response.header.{name}": False for name in response.get("headers") or {}
        }
        apis._put_method_response(
            api, resource, method, str(status), {"responseParameters": headers}
        )
    for pattern, response in (wanted.get("responses") or {}).items():
        status = str(response.get("statusCode", "200"))
        apis._put_integration_response(api, resource, method, status, _answer(pattern, response))


def import_rest_api(spec: dict[str, Any], base_data: dict[str, Any] | None = None) -> str:
    """A new API; answers its id."""
    api: str = _import_rest_api(spec, base_data)
    complete(api, spec)
    return api


def overwrite(api: str, spec: dict[str, Any]) -> None:
    """Give an API that exists another document, as PutRestApi does with mode=overwrite; its id stays."""
    resources = apis._resources[api]
    for resource in [key for key, value in resources.items() if value.get("path") != "/"]:
        resources.pop(resource)
    for root in resources.values():
        root["resourceMethods"] = {}
    apis._authorizers_v1[api] = {}
    apis._rest_apis[api]["binaryMediaTypes"] = []
    schemes = apis._import_security_schemes(api, spec)
    for path, item in (spec.get("paths") or {}).items():
        apis._import_path_item(api, path, item, schemes, spec.get("security"))
    complete(api, spec)


def complete(api: str, spec: dict[str, Any]) -> None:
    """What the document says of the API as a whole."""
    made = apis._rest_apis[api]
    if spec.get(_BINARY) and not made.get("binaryMediaTypes"):
        made["binaryMediaTypes"] = list(dict.fromkeys(spec[_BINARY]))
    apis._gateway_responses[api] = {
        kind: {
            "responseType": kind,
            "statusCode": str(response.get("statusCode") or ""),
            "responseParameters": response.get("responseParameters") or {},
            "responseTemplates": response.get("responseTemplates") or {},
            "defaultResponse": False,
        }
        for kind, response in (spec.get(_GATEWAY) or {}).items()
    }


def _answer(pattern: str, response: dict[str, Any]) -> dict[str, Any]:
    return {
        "selectionPattern": "" if pattern == "default" else pattern,
        "responseParameters": response.get("responseParameters") or {},
        "responseTemplates": response.get("responseTemplates") or {},
        "contentHandling": response.get("contentHandling"),
    }
