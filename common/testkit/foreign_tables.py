"""Tables of other services that a service's tests need, kept in its own folder.

`make contracts` writes them from the owners' templates; tests/contracts holds both together.
"""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from delivery.cfn import CloudFormation
from delivery.paths import ROOT, SERVICES
from testkit.resources import neighbours_file

Shape = dict[str, Any]

_WANTED = re.compile(r"other_tables\(((?:\s*\"\w+\",?)+)\s*\)")
_TABLE = "AWS::DynamoDB::Table"


def known(service: Path) -> str:
    """Return the file's contents as the owners define them now."""
    attributes = sorted(
        {name for test in service.glob("tests/**/*.py") for name in _named(test.read_text())}
    )
    shapes = _shapes() if attributes else {}
    return (
        json.dumps({name: shapes[name] for name in attributes}, indent=1) + "\n"
        if attributes
        else ""
    )


def write() -> None:
    """Write the file of every service."""
    for service in (ROOT / name for name in SERVICES):
        file, text = neighbours_file(service), known(service)
        file.write_text(text) if text else file.unlink(missing_ok=True)


def _named(source: str) -> list[str]:
    return [name for names in _WANTED.findall(source) for name in re.findall(r"\w+", names)]


def _shapes() -> dict[str, Shape]:
    """Every table of the shop, as CreateTable takes it."""
    templates = [
        yaml.load((ROOT / name / "resources.yml").read_text(), CloudFormation) for name in SERVICES
    ]
    resources = [resource for template in templates for resource in template["Resources"].values()]
    tables = [resource["Properties"] for resource in resources if resource["Type"] == _TABLE]
    return {properties["TableName"]: _arguments(properties) for properties in tables}


def _arguments(properties: Shape) -> Shape:
    attributes = (
        "TableName",
        "AttributeDefinitions",
        "KeySchema",
        "GlobalSecondaryIndexes",
        "BillingMode",
    )
    arguments = {name: properties[name] for name in attributes if name in properties}
    if stream := properties.get("StreamSpecification"):
        arguments["StreamSpecification"] = {"StreamEnabled": True, **stream}
    return arguments
