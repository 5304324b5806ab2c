"""What a service's resources.yml declares."""

from pathlib import Path
from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's own tags (!Ref, !GetAtt ...) as plain values: nothing here needs their meaning."""


def _plain(loader: yaml.SafeLoader, _tag: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.MappingNode)
    return loader.construct_mapping(node, deep=True)


_Loader.add_multi_constructor("!", _plain)


def read(template: Path) -> dict[str, Any]:
    """A template as plain values."""
    found: dict[str, Any] = yaml.load(template.read_text(), Loader=_Loader)
    return found


def expiring_tables(template: Path) -> dict[str, str]:
    """The tables whose items expire, and the attribute that says when."""
    tables = {}
    for resource in read(template)["Resources"].values():
        if expiry := resource.get("Properties", {}).get("TimeToLiveSpecification"):
            tables[resource["Properties"]["TableName"]] = expiry["AttributeName"]
    return tables
