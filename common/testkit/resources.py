"""Deploys services' CloudFormation templates on moto."""

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
    aws.client("cloudformation").create_stack(StackName=template.parent.name, TemplateBody=_text(template))


def deploy_shared(service: Path) -> None:
    """The bus and the topic, where the service under test is not the one that owns them."""
    if service.name != "checkout-orchestrator":
        aws.client("events").create_event_bus(Name=BUS)
        aws.client("sns").create_topic(Name=TOPIC)


def deploy_tables(root: Path, names: Iterable[str]) -> None:
    """Create these tables alone, each as its owner's template describes it."""
    described = {
        properties["TableName"]: properties
        for template in sorted(root.glob("*/resources.yml"))
        for properties in _tables(template)
    }
    for name in names:
        aws.client("dynamodb").create_table(**_arguments(described[name]))


def _tables(template: Path) -> list[dict[str, Any]]:
    found = _parsed(template)["Resources"].values()
    return [resource["Properties"] for resource in found if resource["Type"] == "AWS::DynamoDB::Table"]


def _arguments(properties: dict[str, Any]) -> dict[str, Any]:
    """A table's CloudFormation properties as the arguments of CreateTable."""
    wanted = ("TableName", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
    arguments = {name: properties[name] for name in wanted if name in properties}
    if stream := properties.get("StreamSpecification"):
        arguments["StreamSpecification"] = {"StreamEnabled": True, **stream}
    return arguments


@cache
def _text(template: Path) -> str:
    return template.read_text()


@cache
def _parsed(template: Path) -> Any:
    return yaml.load(_text(template), Loader=CloudFormation)


class CloudFormation(yaml.SafeLoader):
    """YAML with CloudFormation's short tags, whose values no table's properties depend on."""


CloudFormation.add_multi_constructor("!", lambda loader, suffix, node: f"!{suffix}")
