"""Deploys services' CloudFormation templates on moto."""

import copy
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import yaml

from common import aws
from delivery.cfn import CloudFormation
from testkit import moto_cloudformation

BUS = "commerce"
TOPIC = "commerce-notifications"


def deploy(template: Path) -> None:
    """Create the template's resources."""
    body = _deployable(template)
    # moto knows none of the types that the templates have on AWS only.
    made = [
        one for one in json.loads(body)["Resources"].values() if one.get("Condition") != "IsAws"
    ]
    moto_cloudformation.load(one["Type"] for one in made)
    aws.client("cloudformation").create_stack(StackName=template.parent.name, TemplateBody=body)


def deploy_shared(service: Path) -> None:
    """Create the bus and the topic, unless the service under test owns them."""
    if service.name != "checkout-orchestrator":
        aws.client("events").create_event_bus(Name=BUS)
        aws.client("sns").create_topic(Name=TOPIC)


def deploy_tables(service: Path, names: Iterable[str]) -> None:
    """Create tables of other services, as the service's own folder has them."""
    known = json.loads(neighbours_file(service).read_text())
    for name in names:
        aws.client("dynamodb").create_table(**known[name])


def table(name: str) -> Any:
    """Return a table, read and written in plain Python values."""
    return _dynamodb().Table(name)


@cache
def _dynamodb() -> Any:
    """Create boto3's resource once: that takes longer than most tests."""
    return boto3.resource("dynamodb")


def neighbours_file(service: Path) -> Path:
    """Return the path of a service's copy of other services' tables."""
    return service / "tests" / "neighbours.json"


@cache
def _deployable(template: Path) -> str:
    """Return the template without what moto is slow at and tests do not need.

    Alarms, encryption keys and conditional outputs.
    """
    document = copy.deepcopy(_parsed(template))
    kept = {
        name: resource
        for name, resource in document["Resources"].items()
        if resource["Type"] != "AWS::CloudWatch::Alarm"
    }
    for resource in kept.values():
        resource.get("Properties", {}).pop("SSESpecification", None)
    outputs = {
        name: output
        for name, output in document.get("Outputs", {}).items()
        if "Condition" not in output
    }
    # moto tries to read it as slow YAML; a tab ends that at once, and it is read as JSON.
    return json.dumps({**document, "Resources": kept, "Outputs": outputs}, indent="\t")


@cache
def _parsed(template: Path) -> Any:
    return yaml.load(template.read_text(), Loader=CloudFormation)
