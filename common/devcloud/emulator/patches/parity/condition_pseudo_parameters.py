"""Resolve pseudo parameters in the conditions of a template.

ministack compares the name `AWS::AccountId` itself instead of the account's id.

AWS: CloudFormation, "Get AWS values using pseudo parameters".
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html
"""

import sys

from ministack.core.responses import get_account_id, get_region
from ministack.services.cloudformation import engine

from devcloud.emulator.patching import rewrite_function

_PACKAGE = "ministack.services.cloudformation"
_NAME = """                    return params[pname]["Value"]
                return pname
"""
_VALUE = """                    return params[pname]["Value"]
                return _pseudo_parameter(pname)
"""


def apply() -> None:
    """Resolve them in every module that evaluates conditions."""
    original = engine._evaluate_conditions
    rewrite_function(
        engine, "_evaluate_conditions", {_NAME: _VALUE}, _pseudo_parameter=pseudo_parameter
    )
    for name, module in list(sys.modules.items()):
        if name.startswith(_PACKAGE) and getattr(module, "_evaluate_conditions", None) is original:
            module._evaluate_conditions = engine._evaluate_conditions  # type: ignore[attr-defined]


def pseudo_parameter(name: str) -> str:
    """Return the value of a pseudo parameter, or the name if it is none."""
    values = {
        "AWS::AccountId": get_account_id(),
        "AWS::Region": get_region(),
        "AWS::Partition": "aws",
    }
    return values.get(name, name)
