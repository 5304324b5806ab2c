"""What `chalice package` leaves open in a template: the Lambdas' names, and API Gateway's own answers."""

import re
from collections.abc import Mapping
from typing import Any

_FUNCTION = "AWS::Serverless::Function"
_API = "AWS::Serverless::Api"
_API_HANDLER = "APIHandler"

# Answers that API Gateway gives without asking a Lambda: status, Code, Message.
_REFUSALS = {
    "UNAUTHORIZED": (401, "Unauthorized", "send Authorization: Bearer <access token>"),
    "ACCESS_DENIED": (403, "AccessDenied", "this access token does not allow that"),
    "MISSING_AUTHENTICATION_TOKEN": (404, "NotFound", "there is nothing at this address"),
    "REQUEST_TOO_LARGE": (413, "RequestTooLarge", "the request is too large"),
    "THROTTLED": (429, "TooManyRequests", "too many requests; try again in a moment"),
    "DEFAULT_4XX": (None, "BadRequest", "the request could not be understood"),
    "DEFAULT_5XX": (None, "InternalServerError", "something went wrong here; try again"),
}
_CORS = {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}


def finish(template: dict[str, Any], service: str, stage: str, environment: Mapping[str, str]) -> None:
    """Name every Lambda as `chalice deploy` would, add `environment` to it, and give refusals the shop's shape."""
    for logical_id, resource in template["Resources"].items():
        properties = resource["Properties"]
        if resource["Type"] == _FUNCTION:
            properties["FunctionName"] = function_name(logical_id, service, stage)
            properties.setdefault("Environment", {}).setdefault("Variables", {}).update(environment)
        elif resource["Type"] == _API:
            properties["DefinitionBody"]["x-amazon-apigateway-gateway-responses"] = gateway_responses()


def function_name(logical_id: str, service: str, stage: str) -> str:
    """`cart-service-dev` for the API, `cart-service-dev-clear-cart` for ClearCart: state machines find them so."""
    if logical_id == _API_HANDLER:
        return f"{service}-{stage}"
    return f"{service}-{stage}-{re.sub('(?<!^)(?=[A-Z])', '-', logical_id).lower()}"


def gateway_responses() -> dict[str, Any]:
    """API Gateway's answers as {"Code", "Message"}, readable from any web page."""
    return {kind: _response(*refusal) for kind, refusal in _REFUSALS.items()}


def _response(status: int | None, code: str, message: str) -> dict[str, Any]:
    body = f'{{"Code": "{code}", "Message": "{message}"}}'
    response: dict[str, Any] = {
        "responseParameters": dict(_CORS),
        "responseTemplates": {"application/json": body},
    }
    return response | ({"statusCode": status} if status else {})
