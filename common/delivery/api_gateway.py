"""What stands between the internet and a service's API on AWS: limits, the firewall, and a line about each request.

The firewall is one for all six, in checkout-orchestrator's resources.yml. The local cloud has neither, and listens to this machine alone.
"""

import json
from typing import Any

_API = "RestAPI"
# For a service, not for a customer: above it API Gateway answers 429 and no Lambda is paid for. https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
_REQUESTS_A_SECOND, _BURST = 500, 1000
_KEPT_DAYS = 90

# No query string, no header and no body: who asked for what kind of thing, and what came of it.
_ACCESS_LOG = {
    "requestId": "$context.requestId",
    "at": "$context.requestTime",
    "ip": "$context.identity.sourceIp",
    "method": "$context.httpMethod",
    "route": "$context.resourcePath",
    "status": "$context.status",
    "customer": "$context.authorizer.customer",
    "refusedBy": "$context.error.responseType",
    "firewall": "$context.wafResponseCode",
    "milliseconds": "$context.responseLatency",
}


def guard(template: dict[str, Any], service: str, stage: str) -> None:
    """Put the limits, the log and the firewall before the template's API, if it has one."""
    resources = template["Resources"]
    if _API not in resources:
        return
    resources[_API]["Properties"] |= {
        "TracingEnabled": True,
        "MethodSettings": [_limits()],
        "AccessLogSetting": {
            "DestinationArn": {"Fn::GetAtt": ["AccessLog", "Arn"]},
            "Format": json.dumps(_ACCESS_LOG),
        },
    }
    resources["AccessLog"] = {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "LogGroupName": f"/aws/apigateway/{service}-{stage}",
            "RetentionInDays": _KEPT_DAYS,
        },
    }
    resources["FirewallBeforeApi"] = {
        "Type": "AWS::WAFv2::WebACLAssociation",
        "Properties": {
            "ResourceArn": _stage_arn(),
            "WebACLArn": {"Fn::ImportValue": "Commerce-FirewallArn"},
        },
    }


def _limits() -> dict[str, Any]:
    """For every method; what customers send is written down nowhere."""
    return {
        "HttpMethod": "*",
        "ResourcePath": "/*",
        "ThrottlingRateLimit": _REQUESTS_A_SECOND,
        "ThrottlingBurstLimit": _BURST,
        "MetricsEnabled": True,
        "DataTraceEnabled": False,
    }


def _stage_arn() -> dict[str, str]:
    stage = f"/restapis/${{{_API}}}/stages/${{{_API}.Stage}}"
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}::{stage}"}
