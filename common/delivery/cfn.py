"""CloudFormation templates: read them, and look things up in them."""

from pathlib import Path
from typing import Any

import yaml


def read(template: Path) -> dict[str, Any]:
    """Read a template. Short tags become the long forms that they stand for."""
    document: dict[str, Any] = yaml.load(template.read_text(), Loader=CloudFormation)  # noqa: S506 - a SafeLoader
    return document


def expiring_tables(template: Path) -> dict[str, str]:
    """Return the tables with a time to live, and its attribute."""
    tables = {}
    for resource in read(template)["Resources"].values():
        if expiry := resource.get("Properties", {}).get("TimeToLiveSpecification"):
            tables[resource["Properties"]["TableName"]] = expiry["AttributeName"]
    return tables


class CloudFormation(yaml.SafeLoader):
    """YAML with CloudFormation's short tags, read as their long forms."""


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
