"""A template's condition may ask for the account and the region; ministack compares the words `AWS::AccountId` themselves."""

import sys

from ministack.core.responses import get_account_id, get_region
from ministack.services.cloudformation import engine

from devcloud.emulator.patching import rewrite

_PACKAGE = "ministack.services.cloudformation"
_WORD = """                return params[pname]["Value"]
            return pname
"""
_VALUE = """                return params[pname]["Value"]
            return _pseudo_parameter(pname)
"""


def apply() -> None:
    """Give the condition the value, in every module that evaluates one."""
    original = engine._evaluate_conditions
    indent = " " * 4
    change = {_indented(_WORD, indent): _indented(_VALUE, indent)}
    rewrite(engine, "_evaluate_conditions", change, _pseudo_parameter=pseudo_parameter)
    for name, module in list(sys.modules.items()):
        if name.startswith(_PACKAGE) and getattr(module, "_evaluate_conditions", None) is original:
            module._evaluate_conditions = engine._evaluate_conditions  # type: ignore[attr-defined]


def pseudo_parameter(name: str) -> str:
    """What AWS knows by this name; the name itself if it is no pseudo parameter."""
    values = {
        "AWS::AccountId": get_account_id(),
        "AWS::Region": get_region(),
        "AWS::Partition": "aws",
    }
    return values.get(name, name)


def _indented(text: str, indent: str) -> str:
    return "".join(indent + line for line in text.splitlines(keepends=True))
