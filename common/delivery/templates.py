"""Completes Chalice's templates: names of Lambdas, responses of API Gateway."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from common import security_headers
from delivery import alarms, api_gateway, canary, dashboards, domain, monitored_resources

_FUNCTION = "AWS::Serverless::Function"
LAYER = "AWS::Lambda::LayerVersion"
_API = "AWS::Serverless::Api"
_API_HANDLER = "APIHandler"
_ROLE = "AWS::IAM::Role"
# Without it SAM adds to every API a stage `Stage`, which no firewall, limit or access log covers:
# https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-api.html
_ONE_STAGE = "2.0"
# Messages of one queue at once, so that a backlog leaves Lambdas for customers.
_CONSUMERS_AT_ONCE = 10
_ANY_PARTITION = "arn:${AWS::Partition}:"

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
    """Name every Lambda as `chalice deploy` would and add `environment`.

    An API has one stage, queues' consumers are limited, and roles hold in every partition. Except
    on `local`, log groups, alarms and dashboard are added; on `prod` also gradual releases.
    Responses of API Gateway itself get the shop's shape.
    """
    for logical_id, resource in template["Resources"].items():
        properties = resource["Properties"]
        if resource["Type"] == _FUNCTION:
            properties["FunctionName"] = function_name(logical_id, service, stage)
            properties.setdefault("Environment", {}).setdefault("Variables", {}).update(environment)
            _limit_consumers(properties)
        elif resource["Type"] == LAYER:
            properties["LayerName"] = f"{service}-{stage}-{logical_id.lower()}"
        elif resource["Type"] == _API:
            properties["OpenApiVersion"] = _ONE_STAGE
            template["Outputs"]["RestAPIId"]["Export"] = {"Name": domain.export_of(service)}
            body = properties["DefinitionBody"]
            origins = _origins(template)
            body["x-amazon-apigateway-gateway-responses"] = gateway_responses(origins)
            if len(origins) > 1:
                _allow_each_origin(body, origins)
    if stage != "local":
        api_gateway.harden(template, service, stage)
        _watch(template, service, stage)
    if stage == canary.STAGE:
        canary.shift_gradually(template)
    for resource in template["Resources"].values():
        if resource["Type"] == _ROLE:
            resource["Properties"] = _in_any_partition(resource["Properties"])


def function_name(logical_id: str, service: str, stage: str) -> str:
    """Return a Lambda's name, such as `cart-service-dev-clear-cart`.

    That of the API is `cart-service-dev`.
    """
    if logical_id == _API_HANDLER:
        return f"{service}-{stage}"
    return f"{service}-{stage}-{re.sub('(?<!^)(?=[A-Z])', '-', logical_id).lower()}"


def layer_zip(layer: str) -> str:
    """Return the file of a layer, beside the template.

    merge.json names it as the S3Key. Deployment uploads it, and says where it is.
    """
    return f"layer-{layer}.zip"


def _limit_consumers(properties: dict[str, Any]) -> None:
    """Limit concurrent batches of each queue, unless merge.json does."""
    for source in properties.get("Events", {}).values():
        if source["Type"] == "SQS":
            limits = source["Properties"].setdefault("ScalingConfig", {})
            limits.setdefault("MaximumConcurrency", _CONSUMERS_AT_ONCE)


def _in_any_partition(part: Any) -> Any:
    """Rewrite the ARNs of Chalice's policy files, which can name one partition only."""
    if isinstance(part, dict):
        return {name: _in_any_partition(value) for name, value in part.items()}
    if isinstance(part, list):
        return [_in_any_partition(value) for value in part]
    if isinstance(part, str) and part.startswith("arn:aws:"):
        return {"Fn::Sub": part.replace("arn:aws:", _ANY_PARTITION, 1)}
    return part


def _watch(template: dict[str, Any], service: str, stage: str) -> None:
    """Add log groups, alarms and the dashboard."""
    monitored = monitored_resources.MonitoredService.of(template, service, stage)
    monitored_resources.declare_log_groups(template, monitored)
    alarms.add(template, monitored)
    dashboards.add(template, monitored)


def gateway_responses(origins: Sequence[str] = ()) -> dict[str, Any]:
    """Build API Gateway's own responses as {"Code", "Message"}, with CORS.

    A response can allow one origin or all: with several origins all may read these.
    """
    shown = dict(security_headers.SAFE)
    if origins:
        shown[security_headers.ALLOW_ORIGIN] = origins[0] if len(origins) == 1 else "*"
    return {kind: _response(shown, *response) for kind, response in _REFUSALS.items()}


def _origins(template: Mapping[str, Any]) -> list[str]:
    """The origins that the API's Lambda allows."""
    handler = template["Resources"].get(_API_HANDLER, {}).get("Properties", {})
    variables = handler.get("Environment", {}).get("Variables", {})
    return str(variables.get(security_headers.ORIGINS, "")).split()


def _allow_each_origin(body: dict[str, Any], origins: Sequence[str]) -> None:
    """Answer preflight requests with the origin that asks, if it is allowed.

    Chalice names the first origin only.
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
