"""Import the gateway responses of an OpenAPI document.

ministack drops them, so that API Gateway's own errors have the default bodies and headers.

AWS: API Gateway, "x-amazon-apigateway-gateway-responses object".
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-gateway-responses.html
"""

from typing import Any

from ministack.services import apigateway_v1

from devcloud.emulator.patching import rewrite_function

_RETURN = "    return api_id\n"


def apply() -> None:
    """Complete the import of a document."""
    rewrite_function(
        apigateway_v1,
        "_import_rest_api",
        {_RETURN: "    _put_gateway_responses(api_id, spec)\n" + _RETURN},
        _put_gateway_responses=put_gateway_responses,
    )


def put_gateway_responses(api_id: str, document: dict[str, Any]) -> None:
    """Add each response type that the document customizes."""
    responses = document.get("x-amazon-apigateway-gateway-responses") or {}
    apigateway_v1._gateway_responses[api_id] = {
        kind: {
            "responseType": kind,
            "statusCode": str(response.get("statusCode") or ""),
            "responseParameters": response.get("responseParameters") or {},
            "responseTemplates": response.get("responseTemplates") or {},
            "defaultResponse": False,
        }
        for kind, response in responses.items()
    }
