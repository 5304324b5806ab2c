"""Checks the policies of a template against IAM's service authorization tables.

SAM templates are translated first, which also makes their implicit roles.
"""

import json
import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from functools import cache
from itertools import product
from typing import Any
from unittest import mock

from samtranslator.translator.transform import transform

from delivery.authorization import UnknownAction, resource_patterns
from testkit.intrinsics import Resolver

_VALUES = {"Stage": "dev", "Repository": "owner/name"}
_SAM = "AWS::Serverless-2016-10-31"
logging.getLogger("samtranslator").setLevel(logging.ERROR)  # it warns of its own features
_VARIABLE = re.compile(r"\$\{\w+\}")
# What may be allowed on every resource though it knows resources, and why.
_UNBOUNDED = {
    "ses:SendEmail": "the sender's identity is a setting of the stage, a recipient no resource",
    "sns:Publish": "an SMS goes to a phone number, which is no resource",
}


def find_faults(template: Mapping[str, Any], region: str) -> list[str]:
    """Return what is wrong in the template's policies, each with its path."""
    whole = _translate(template, region) if template.get("Transform") == _SAM else template
    resolver = Resolver(whole, region, _VALUES)
    return [
        f"{path}: {fault}"
        for name, resource in whole["Resources"].items()
        for path, policy in _policies(resource.get("Properties", {}), name)
        for fault in _faults(json.dumps(resolver.resolve(policy), sort_keys=True))
    ]


class _ManagedPolicies:
    """Knows the managed policies' ARNs, for which the translator asks IAM."""

    def load(self) -> dict[str, str]:
        name = "AWSCodeDeployRoleForLambda"
        return {name: f"arn:aws:iam::aws:policy/service-role/{name}"}


def _translate(template: Mapping[str, Any], region: str) -> dict[str, Any]:
    """Translate SAM to CloudFormation. Raises: InvalidDocumentException."""
    document = deepcopy(dict(template))
    for resource in document["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = {"Bucket": "artifacts", "Key": "deployment.zip"}
    # The translator reads from it in which partition it is.
    loader: Any = _ManagedPolicies()
    with mock.patch.dict(os.environ, AWS_DEFAULT_REGION=region):
        translated: dict[str, Any] = transform(document, {}, loader)
    return translated


def _policies(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every policy that has a Version, and its path: no statement of a firewall."""
    if isinstance(value, dict) and {"Version", "Statement"} <= set(value):
        yield path, value
    elif isinstance(value, dict | list):
        items: Iterable[Any] = value.items() if isinstance(value, dict) else enumerate(value)
        for key, one in items:
            yield from _policies(one, f"{path}/{key}")


@cache
def _faults(policy: str) -> tuple[str, ...]:
    statements = _listed(json.loads(policy)["Statement"])
    return tuple(fault for one in statements for fault in _faults_of(one))


def _faults_of(statement: Mapping[str, Any]) -> Iterator[str]:
    if statement["Effect"] == "Deny":
        return
    if _is_public(statement):
        yield "anyone is allowed: Principal is * and there is no Condition"
    # A policy with a Principal is bounded to the resource that it belongs to.
    is_bounded = "Principal" in statement
    resources = _listed(statement.get("Resource", []))
    for action in _listed(statement["Action"]):
        try:
            known = _arns_of(action)
        except UnknownAction:
            yield f"IAM knows no {action}"
            continue
        if "*" in resources:
            if known != ("*",) and not is_bounded and action not in _UNBOUNDED:
                yield f"{action} is allowed on every resource"
        elif resources and not any(
            _may_be_one(*pair) for pair in product(known, resources) if pair[0] != "*"
        ):
            yield f"{action} is never evaluated on {', '.join(resources)}"


def _arns_of(action: str) -> tuple[str, ...]:
    """The ARNs that an action is evaluated on, `*` where it knows no resource."""
    arns = {_VARIABLE.sub("*", pattern) for pattern in resource_patterns(action)}
    return tuple(sorted(arns - {"*"})) or tuple(arns)


def _may_be_one(one: str, other: str) -> bool:
    """Whether two patterns of ARNs, whose last part has colons, can mean the same."""
    parts = zip(one.split(":", 5), other.split(":", 5), strict=False)
    return all(_overlap(*pair) for pair in parts)


@cache
def _overlap(one: str, other: str) -> bool:
    """Whether one text can match both patterns, in which `*` is any text."""
    if not one or not other:
        return not (one + other).strip("*")
    if one[0] == "*":
        return _overlap(one[1:], other) or _overlap(one, other[1:])
    if other[0] == "*":
        return _overlap(other, one)
    return one[0] == other[0] and _overlap(one[1:], other[1:])


def _is_public(statement: Mapping[str, Any]) -> bool:
    principals = statement.get("Principal")
    everyone = principals.values() if isinstance(principals, dict) else [principals]
    is_allowed = statement["Effect"] == "Allow" and "Condition" not in statement
    return is_allowed and any("*" in _listed(one) for one in everyone)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
