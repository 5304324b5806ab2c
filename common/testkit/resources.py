"""Deploys services' CloudFormation templates on moto."""

import copy
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from common import aws

BUS = "commerce"
TOPIC = "commerce-notifications"


def deploy(template: Path) -> None:
    """Create everything that the template describes."""
    body = _deployable(template)
    aws.client("cloudformation").create_stack(StackName=template.parent.name, TemplateBody=body)


def deploy_shared(service: Path) -> None:
    """The bus and the topic, where the service under test is not the one that owns them."""
    if service.name != "checkout-orchestrator":
        aws.client("events").create_event_bus(Name=BUS)
        aws.client("sns").create_topic(Name=TOPIC)


def deploy_tables(root: Path, names: Iterable[str]) -> None:
    """Create these tables alone, each as its owner's template describes it."""
    for name in names:
        aws.client("dynamodb").create_table(**_arguments(_described(root, name)))


def _described(root: Path, name: str) -> dict[str, Any]:
    owner = next(
        path for path in sorted(root.glob("*/resources.yml")) if f"TableName: {name}\n" in path.read_text()
    )
    found = _parsed(owner)["Resources"].values()
    tables = [resource["Properties"] for resource in found if resource["Type"] == "AWS::DynamoDB::Table"]
    return next(properties for properties in tables if properties["TableName"] == name)


def _arguments(properties: dict[str, Any]) -> dict[str, Any]:
    """A table's CloudFormation properties as the arguments of CreateTable."""
    wanted = ("TableName", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
    arguments = {name: properties[name] for name in wanted if name in properties}
    if stream := properties.get("StreamSpecification"):
        arguments["StreamSpecification"] = {"StreamEnabled": True, **stream}
    return arguments


@cache
def _deployable(template: Path) -> str:
    """The template less what no test looks at and moto takes long over: alarms, keys for encryption, and outputs of some stages only."""
    document = copy.deepcopy(_parsed(template))
    kept = {
        name: resource
        for name, resource in document["Resources"].items()
        if resource["Type"] != "AWS::CloudWatch::Alarm"
    }
    for resource in kept.values():
        resource.get("Properties", {}).pop("SSESpecification", None)
    outputs = {name: told for name, told in document.get("Outputs", {}).items() if "Condition" not in told}
    return json.dumps({**document, "Resources": kept, "Outputs": outputs})


@cache
def _parsed(template: Path) -> Any:
    return yaml.load(template.read_text(), Loader=CloudFormation)


class CloudFormation(yaml.SafeLoader):
    """YAML with CloudFormation's short tags, read as the long forms that they stand for."""


def _long_form(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode), "YAML has no other nodes"
        value = loader.construct_mapping(node, deep=True)
    if tag == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


CloudFormation.add_multi_constructor("!", _long_form)
