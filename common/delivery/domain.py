"""Generate common/delivery/domain.yml: one domain before the APIs of all services.

Each first segment of the declared paths belongs to one service and is routed to its API by a rule.
"""

import json
import zlib
from collections.abc import Mapping
from typing import Any

import yaml

from delivery import routes, stacks
from delivery.clouds import Cloud
from delivery.paths import ROOT, SERVICES

FILE = ROOT / "common" / "delivery" / "domain.yml"
STACK = "commerce-domain"
_HEAD = """\
# Made by `make workflows` from the services' routes; not edited by hand.
# An administrator of the account deploys it, once all services are deployed, and again when a
# service has a new first segment. The certificate is of AWS Certificate Manager, in this region.
#   aws cloudformation deploy --stack-name commerce-domain \\
#     --template-file common/delivery/domain.yml \\
#     --parameter-overrides Name=api.shop.example CertificateArn=... HostedZoneId=...
"""
# https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-routing-rules.html
_MAX_PRIORITY = 1_000_000
_PARAMETERS = {
    "Name": {"Type": "String", "Description": "The domain, such as api.shop.example"},
    "CertificateArn": {
        "Type": "String",
        "Description": "A certificate for it, in this region, of AWS Certificate Manager",
    },
    "HostedZoneId": {
        "Type": "String",
        "Default": "",
        "Description": "Route 53's zone of the domain, or nothing where its DNS is elsewhere",
    },
}


class SegmentTaken(RuntimeError):
    """Two services declare paths with the same first segment."""


def export_of(service: str) -> str:
    """Return the name under which a service's stack exports the id of its API."""
    return f"{service}-RestAPIId"


def read_segments() -> dict[str, str]:
    """Return each first segment of the declared paths with its service.

    Raises: SegmentTaken.
    """
    return assign({service: _paths(service) for service in SERVICES})


def assign(paths: Mapping[str, list[str]]) -> dict[str, str]:
    """Return the service of each first segment. Raises: SegmentTaken."""
    owners: dict[str, str] = {}
    for service, declared in paths.items():
        for segment in sorted({path.split("/")[1] for path in declared}):
            if (other := owners.setdefault(segment, service)) != service:
                raise SegmentTaken(f"/{segment} is a path of {other} and of {service}")
    return owners


def text() -> str:
    """Generate the template."""
    return _HEAD + yaml.safe_dump(_template(read_segments()), sort_keys=False, width=100)


def write() -> None:
    """Write the template."""
    FILE.write_text(text())


def find_url(cloud: Cloud, service: str) -> str | None:
    """Return where the domain answers for a service. None without a domain."""
    outputs = (stacks.find(cloud, STACK) or {}).get("Outputs", [])
    values = {entry["OutputKey"]: str(entry["OutputValue"]) for entry in outputs}
    return values.get(_camel(service))


def _paths(service: str) -> list[str]:
    document = json.loads((ROOT / "docs" / "openapi" / f"{service}.json").read_text())
    return list(document["paths"])


def _template(owners: Mapping[str, str]) -> dict[str, Any]:
    rules = {f"{_camel(segment)}Rule": _rule(segment, owner) for segment, owner in owners.items()}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "One domain before the APIs of all services",
        "Parameters": _PARAMETERS,
        "Conditions": {"HasZone": {"Fn::Not": [{"Fn::Equals": [{"Ref": "HostedZoneId"}, ""]}]}},
        "Resources": {"Domain": _domain(), "Alias": _alias(), **rules},
        "Outputs": {
            **{
                _camel(service): {"Value": {"Fn::Sub": "https://${Name}"}}
                for service in sorted(set(owners.values()))
            },
            "Target": {
                "Description": "What a CNAME of the domain names where its DNS is elsewhere",
                "Value": {"Fn::GetAtt": ["Domain", "RegionalDomainName"]},
            },
        },
    }


def _domain() -> dict[str, Any]:
    configuration = {
        "CertificateArn": {"Ref": "CertificateArn"},
        "EndpointType": "REGIONAL",
        "SecurityPolicy": "TLS_1_2",
    }
    return {
        "Type": "AWS::ApiGatewayV2::DomainName",
        "Properties": {
            "DomainName": {"Ref": "Name"},
            "DomainNameConfigurations": [configuration],
            # Mappings of base paths would cut off the segment, which the routes begin with.
            "RoutingMode": "ROUTING_RULE_ONLY",
        },
    }


def _alias() -> dict[str, Any]:
    return {
        "Type": "AWS::Route53::RecordSet",
        "Condition": "HasZone",
        "Properties": {
            "HostedZoneId": {"Ref": "HostedZoneId"},
            "Name": {"Ref": "Name"},
            "Type": "A",
            "AliasTarget": {
                "DNSName": {"Fn::GetAtt": ["Domain", "RegionalDomainName"]},
                "HostedZoneId": {"Fn::GetAtt": ["Domain", "RegionalHostedZoneId"]},
            },
        },
    }


def _rule(segment: str, service: str) -> dict[str, Any]:
    invoke = {
        "ApiId": {"Fn::ImportValue": export_of(service)},
        "Stage": routes.API_STAGE,
        "StripBasePath": False,
    }
    return {
        "Type": "AWS::ApiGatewayV2::RoutingRule",
        "Properties": {
            "DomainNameArn": {"Fn::GetAtt": ["Domain", "DomainNameArn"]},
            "Priority": _priority(segment),
            "Conditions": [{"MatchBasePaths": {"AnyOf": [segment]}}],
            "Actions": [{"InvokeApi": invoke}],
        },
    }


def _priority(segment: str) -> int:
    """Derive a priority: two rules never have the same, also while a segment is added."""
    return zlib.crc32(segment.encode()) % _MAX_PRIORITY + 1


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))
