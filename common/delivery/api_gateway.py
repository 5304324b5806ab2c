"""Limits, firewall and access log of a service's API on AWS.

The firewall is one for all six, in checkout-orchestrator's resources.yml. The local shop has
neither; it listens on 127.0.0.1 only.
"""

import json
from typing import Any

_API = "RestAPI"
# Per service, not per customer: above it API Gateway answers 429 without invoking a Lambda.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
_REQUESTS_A_SECOND, _BURST = 500, 1000
_RETENTION_DAYS = 90

# No query string, header or body: they hold personal data.
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


def harden(template: dict[str, Any], service: str, stage: str) -> None:
    """Add throttling, access log and firewall to the template's API, if it has one."""
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
        "DeletionPolicy": "RetainExceptOnCreate",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "LogGroupName": f"/aws/apigateway/{service}-{stage}",
            "RetentionInDays": _RETENTION_DAYS,
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
    """Throttling of every method. Request bodies are not logged."""
    return {
        "HttpMethod": "*",
        "ResourcePath": "/*",
        "ThrottlingRateLimit": _REQUESTS_A_SECOND,
        "ThrottlingBurstLimit": _BURST,
        "MetricsEnabled": False,  # per method, and charged: alarms and dashboards use the stage's
        "DataTraceEnabled": False,
    }


def _stage_arn() -> dict[str, str]:
    stage = f"/restapis/${{{_API}}}/stages/${{{_API}.Stage}}"
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}::{stage}"}
