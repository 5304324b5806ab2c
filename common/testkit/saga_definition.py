"""The checkout's state machine as Step Functions receives it."""

import json
import re
from collections.abc import Mapping
from typing import Any

from delivery import cfn
from delivery.paths import ROOT
from testkit.intrinsics import Resolver

TEMPLATE = ROOT / "checkout-orchestrator/state-machine.yml"
_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


def read(region: str = "us-east-1", **parameters: str) -> dict[str, Any]:
    """Return the definition, functions resolved and substitutions made."""
    template = cfn.read(TEMPLATE)
    machine = template["Resources"]["Checkout"]["Properties"]
    properties = Resolver(template, region, parameters).resolve(machine)
    definition: dict[str, Any] = _substitute(
        properties["Definition"], properties["DefinitionSubstitutions"]
    )
    return definition


def _substitute(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: _substitute(one, values) for key, one in value.items()}
    if isinstance(value, list):
        return [_substitute(one, values) for one in value]
    if isinstance(value, str):
        return _PLACEHOLDER.sub(lambda match: str(values[match[1]]), value)
    return value


if __name__ == "__main__":
    print(json.dumps(read(Stage="dev"), indent=2))
