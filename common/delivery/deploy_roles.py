"""Generates <service>/deploy-role.yml, the role that a service's workflow assumes to deploy.

Resources of data stacks are named one by one, from the templates. Those of code stacks begin with
the service's name.
"""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from delivery import cfn
from delivery import deploy_actions as needed
from delivery.paths import ROOT, SERVICES

Statement = dict[str, Any]

TEMPLATES = {"resources.yml": "{service}-resources", "state-machine.yml": "checkout-state-machine"}
_HEAD = """\
# Made by `make workflows` from {service}'s templates; not edited by hand.
# Once per account, by who administers it, after common/delivery/github.yml:
#   aws cloudformation deploy --stack-name deploy-{service} \\
#     --template-file {service}/deploy-role.yml \\
#     --capabilities CAPABILITY_NAMED_IAM --parameter-overrides Repository=<owner>/<name> Stage=dev
"""
_LARGEST_POLICY = (
    6_500  # as YAML, which is longer than the 6144 characters that AWS counts; a test holds those
)
_ALARM = "AWS::CloudWatch::Alarm"
_PROVIDER = "token.actions.githubusercontent.com"


def file_of(service: str) -> Path:
    """Return the path of a service's deploy role."""
    return ROOT / service / "deploy-role.yml"


def text(service: str) -> str:
    """Generate the template of a service's deploy role."""
    return _HEAD.format(service=service) + yaml.safe_dump(
        _template(service), sort_keys=False, width=130
    )


def stacks(service: str) -> list[str]:
    """List the stacks that the role may deploy."""
    return [service, *(TEMPLATES[name].format(service=service) for name in _written(service))]


def data(service: str) -> list[Statement]:
    """List the statements for the data stacks, resource by resource."""
    resources = [found for name in _written(service) for found in _read(ROOT / service / name)]
    arns: dict[str, list[str]] = defaultdict(list)
    for resource in resources:
        kind, properties = resource["Type"], resource.get("Properties", {})
        if kind in needed.NAMED:
            name, pattern, _ = needed.NAMED[kind]
            arns[kind].append(_filled(pattern, name=_text(properties[name])))
        if kind == "AWS::SQS::Queue" and "RedrivePolicy" in properties:
            # An alarm of the code stack is named for the queue that its Lambda empties.
            arns[_ALARM].append(
                _filled(needed.NAMED[_ALARM][1], name=f"{properties['QueueName']}-late")
            )
    return [_allow(needed.NAMED[kind][2], found) for kind, found in arns.items()]


def code(service: str) -> list[Statement]:
    """List the statements for the code stack and its smoke test."""
    roles = [f"iam::${{AWS::AccountId}}:role/{stack}-*" for stack in stacks(service)]
    found = [
        _allow(need.actions, [_filled(arn, service=service) for arn in need.resources])
        | ({"Condition": _condition(need.condition, service)} if need.condition else {})
        for need in needed.CODE
    ]
    managed = [_sub(f"iam::aws:policy/service-role/{name}") for name in needed.MANAGED_POLICIES]
    return [
        *found,
        _allow(needed.ROLES, roles),
        _allow(needed.ATTACH, roles) | {"Condition": {"ArnEquals": {"iam:PolicyARN": managed}}},
        _allow(["iam:PassRole"], roles)
        | {"Condition": {"StringEquals": {"iam:PassedToService": list(needed.PASSED_TO)}}},
        _allow(
            needed.STACKS,
            [f"cloudformation:{needed.HERE}:stack/{stack}/*" for stack in stacks(service)],
        ),
        _allow(
            ["s3:GetObject", "s3:PutObject"],
            [f"{needed.BUCKET}/{stack}.template" for stack in stacks(service)],
        ),
        {"Effect": "Allow", "Action": sorted(needed.EVERYTHING), "Resource": "*"},
    ]


def _template(service: str) -> dict[str, Any]:
    policies = dict(_policies("Data", data(service))) | dict(_policies("Code", code(service)))
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"What the workflow of {service} may do in this account",
        "Metadata": {"WhyEveryResource": needed.EVERYTHING},
        "Parameters": {
            "Repository": {"Type": "String", "Description": "On GitHub: owner/name"},
            "Stage": {"Type": "String", "AllowedValues": ["dev", "prod"]},
        },
        "Resources": {**policies, "Role": _role(service, list(policies))},
        "Outputs": {"RoleArn": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}}},
    }


def _policies(name: str, statements: list[Statement]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Split the statements over as many policies as their size limit takes."""
    parts: list[list[Statement]] = [[]]
    for statement in statements:
        if len(yaml.safe_dump([*parts[-1], statement], width=1000)) > _LARGEST_POLICY:
            parts.append([])
        parts[-1].append(statement)
    for number, part in enumerate(parts, 1):
        document = {"Version": "2012-10-17", "Statement": part}
        yield (
            f"{name}{number}",
            {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}},
        )


def _role(service: str, policies: list[str]) -> dict[str, Any]:
    """The role, assumable by this repository's jobs in the environment of this stage."""
    asked_by = {
        f"{_PROVIDER}:aud": "sts.amazonaws.com",
        f"{_PROVIDER}:sub": {"Fn::Sub": "repo:${Repository}:environment:${Stage}"},
    }
    trust = {
        "Effect": "Allow",
        "Principal": {"Federated": _sub(f"iam::${{AWS::AccountId}}:oidc-provider/{_PROVIDER}")},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": asked_by},
    }
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            # Not among the roles that it may change, which begin with the service's name.
            "RoleName": {"Fn::Sub": f"deploy-{service}-${{Stage}}"},
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "ManagedPolicyArns": [{"Ref": name} for name in policies],
        },
    }


def _allow(actions: Any, arns: list[str]) -> Statement:
    return {"Effect": "Allow", "Action": sorted(actions), "Resource": [_sub(arn) for arn in arns]}


def _sub(arn: str) -> dict[str, str]:
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:{arn}"}


def _condition(condition: dict[str, dict[str, str]], service: str) -> dict[str, Any]:
    return {
        test: {key: _sub(_filled(arn, service=service)) for key, arn in wanted.items()}
        for test, wanted in condition.items()
    }


def _text(name: str | dict[str, str]) -> str:
    """A name. Of one with !Sub its text, to be put into another !Sub."""
    return name if isinstance(name, str) else name["Fn::Sub"]


def _filled(arn: str, **known: str) -> str:
    for name, value in {"here": needed.HERE, **known}.items():
        arn = arn.replace(f"<{name}>", value)
    return arn


def _written(service: str) -> list[str]:
    return [name for name in TEMPLATES if (ROOT / service / name).exists()]


def _read(template: Path) -> Iterator[dict[str, Any]]:
    yield from cfn.read(template)["Resources"].values()


def write() -> None:
    """Write the deploy roles of all services."""
    for service in SERVICES:
        file_of(service).write_text(text(service))
