"""Evaluates a policy's statements as IAM does, as far as deploy roles use it."""

import json
import re
from fnmatch import fnmatchcase
from typing import Any

ACCOUNT, REGION = "123456789012", "eu-west-1"
Statement = dict[str, Any]


def with_values(template: Any, **parameters: str) -> Any:
    """Replace pseudo parameters and parameters in every Fn::Sub."""
    values = {
        "AWS::Partition": "aws",
        "AWS::Region": REGION,
        "AWS::AccountId": ACCOUNT,
        **parameters,
    }
    text = re.sub(r'{"Fn::Sub": ("[^"]*")}', r"\1", json.dumps(template))
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value)
    return json.loads(text)


def allows(statements: list[Statement], action: str, arn: str) -> bool:
    """Whether a statement allows the action on the resource, if its conditions hold."""
    return any(
        action in statement["Action"]
        and any(fnmatchcase(arn, allowed) for allowed in as_list(statement["Resource"]))
        for statement in statements
    )


def as_list(one_or_more: str | list[str]) -> list[str]:
    """Return a list of what a policy may write as one."""
    return [one_or_more] if isinstance(one_or_more, str) else one_or_more
