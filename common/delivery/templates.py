"""What `chalice package` leaves open in a template: the Lambdas' names, and API Gateway's own answers."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from common import security_headers
from delivery import alarms, api_gateway, canary, dashboards, monitored_resources

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


def finish(
    template: dict[str, Any], service: str, stage: str, environment: Mapping[str, str]
) -> None:
    """Name every Lambda as `chalice deploy` would, add `environment` to it, and give refusals the shop's shape.

    On AWS the API is guarded as well (delivery.api_gateway), everything is watched (delivery.monitored_resources, alarms, dashboards), and on `prod` new code takes over gradually (delivery.canary).
    """
    for logical_id, resource in template["Resources"].items():
        properties = resource["Properties"]
        if resource["Type"] == _FUNCTION:
            properties["FunctionName"] = function_name(logical_id, service, stage)
            properties.setdefault("Environment", {}).setdefault("Variables", {}).update(environment)
        elif resource["Type"] == _API:
            body = properties["DefinitionBody"]
            origins = _origins(template)
            body["x-amazon-apigateway-gateway-responses"] = gateway_responses(origins)
            if len(origins) > 1:
                _let_each_ask(body, origins)
    if stage != "local":
        api_gateway.guard(template, service, stage)
        _watch(template, service, stage)
    if stage == canary.STAGE:
        canary.shift_gradually(template)


def function_name(logical_id: str, service: str, stage: str) -> str:
    """`cart-service-dev` for the API, `cart-service-dev-clear-cart` for ClearCart: state machines find them so."""
    if logical_id == _API_HANDLER:
        return f"{service}-{stage}"
    return f"{service}-{stage}-{re.sub('(?<!^)(?=[A-Z])', '-', logical_id).lower()}"


def _watch(template: dict[str, Any], service: str, stage: str) -> None:
    """Logs that end, alarms, and a dashboard that shows both and whatever else is there by then."""
    found = monitored_resources.Watched.of(template, service, stage)
    monitored_resources.keep_logs(template, found)
    alarms.add(template, found)
    dashboards.add(template, found)


def gateway_responses(origins: Sequence[str] = ()) -> dict[str, Any]:
    """API Gateway's answers as {"Code", "Message"}, readable from web pages of these origins.

    It can name one origin or all. With several all may read, as there is nothing in them but these words.
    """
    shown = dict(security_headers.SAFE)
    if origins:
        shown[security_headers.ALLOW_ORIGIN] = origins[0] if len(origins) == 1 else "*"
    return {kind: _response(shown, *refusal) for kind, refusal in _REFUSALS.items()}


def _origins(template: Mapping[str, Any]) -> list[str]:
    """Those that the API's own Lambda is set to let ask."""
    handler = template["Resources"].get(_API_HANDLER, {}).get("Properties", {})
    variables = handler.get("Environment", {}).get("Variables", {})
    return str(variables.get(security_headers.ORIGINS, "")).split()


def _let_each_ask(body: dict[str, Any], origins: Sequence[str]) -> None:
    """Have preflight requests answered with the origin that asks, if it is one of these; Chalice names the first one only.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-override-request-response-parameters.html
    """
    alike = " || ".join(f'$origin == "{origin}"' for origin in origins)
    overridden = f"$context.responseOverride.header.{security_headers.ALLOW_ORIGIN}"
    script = (
        '#set($origin = $input.params().header.get("Origin"))\n'
        '#if(!$origin)#set($origin = $input.params().header.get("origin"))#end\n'
        f"#if({alike})#set({overridden} = $origin)#end\n"
    )
    for methods in body["paths"].values():
        answers = (
            methods.get("options", {})
            .get("x-amazon-apigateway-integration", {})
            .get("responses", {})
        )
        for answer in answers.values():
            answer["responseTemplates"] = {"application/json": script}


def _response(
    shown: Mapping[str, str], status: int | None, code: str, message: str
) -> dict[str, Any]:
    body = f'{{"Code": "{code}", "Message": "{message}"}}'
    response: dict[str, Any] = {
        "responseParameters": {
            f"gatewayresponse.header.{name}": f"'{value}'" for name, value in shown.items()
        },
        "responseTemplates": {"application/json": body},
    }
    return response | ({"statusCode": status} if status else {})
