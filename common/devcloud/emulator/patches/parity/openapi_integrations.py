"""Import an OpenAPI integration with its templates and responses.

ministack keeps only its type, method and URI, so a mock that answers CORS preflight is empty.

AWS: API Gateway, "x-amazon-apigateway-integration object".
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-integration.html
"""

from typing import Any

from ministack.services import apigateway_v1

from devcloud.emulator.patching import require_parameters, rewrite_function

_SETTINGS = (
    "requestTemplates",
    "requestParameters",
    "passthroughBehavior",
    "contentHandling",
    "timeoutInMillis",
)
_PUT = """            "uri": integration.get("uri"),
        })
"""
_PUT_ALL = """            "uri": integration.get("uri"),
            **_settings(integration),
        })
        _put_responses(api_id, resource_id, http_method, operation)
"""


def apply() -> None:
    """Complete the import of an operation."""
    response = ("api_id", "resource_id", "http_method", "status_code", "data")
    require_parameters(apigateway_v1._put_method_response, *response)
    require_parameters(apigateway_v1._put_integration_response, *response)
    rewrite_function(
        apigateway_v1,
        "_import_operation",
        {_PUT: _PUT_ALL},
        _settings=settings,
        _put_responses=put_responses,
    )


def settings(integration: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that the document gives the integration."""
    return {name: integration[name] for name in _SETTINGS if integration.get(name) is not None}


def put_responses(api: str, resource: str, method: str, operation: dict[str, Any]) -> None:
    """Add the responses of the method and of its integration."""
    for status, response in (operation.get("responses") or {}).items():
        headers = {f"method.response.header.{name}": False for name in response.get("headers", ())}
        apigateway_v1._put_method_response(
            api, resource, method, str(status), {"responseParameters": headers}
        )
    integration = operation["x-amazon-apigateway-integration"]
    for pattern, response in (integration.get("responses") or {}).items():
        apigateway_v1._put_integration_response(
            api,
            resource,
            method,
            str(response.get("statusCode", "200")),
            {
                "selectionPattern": "" if pattern == "default" else pattern,
                "responseParameters": response.get("responseParameters") or {},
                "responseTemplates": response.get("responseTemplates") or {},
                "contentHandling": response.get("contentHandling"),
            },
        )
