"""Generate <service>/deploy-role.yml, with which a workflow deploys.

Resources of data stacks are named one by one, from the templates. Those of code stacks begin with
the service's name.
"""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from delivery import cfn, deploy_actions
from delivery.paths import ROOT, SERVICES

Statement = dict[str, Any]

TEMPLATES = {"resources.yml": "{service}-resources", "state-machine.yml": "checkout-state-machine"}
_HEAD = """\
# Made by `make workflows` from {service}'s templates; not edited by hand.
# An administrator of the account deploys it once, after common/delivery/github.yml:
#   aws cloudformation deploy --stack-name deploy-{service} \\
#     --template-file {service}/deploy-role.yml \\
#     --capabilities CAPABILITY_NAMED_IAM --parameter-overrides Repository=<owner>/<name> Stage=dev
"""
# Of YAML, which is longer than the 6144 characters that AWS counts. A test holds those.
_MAX_POLICY_SIZE = 6_500
_WIDTH = 100
_ALARM = "AWS::CloudWatch::Alarm"
_PROVIDER = "token.actions.githubusercontent.com"


def file_of(service: str) -> Path:
    """Return the path of a service's deploy role."""
    return ROOT / service / "deploy-role.yml"


def text(service: str) -> str:
    """Generate the template of a service's deploy role."""
    dumped = yaml.safe_dump(_template(service), sort_keys=False, width=_WIDTH)
    lines = [_wrap_arn(line) for line in dumped.splitlines(keepends=True)]
    return _HEAD.format(service=service) + "".join(lines)


def _wrap_arn(line: str) -> str:
    """Continue a long ARN on the next line, which YAML allows within double quotes."""
    if len(line) <= _WIDTH:
        return line
    key, arn = line.rstrip().split(": ", 1)
    max_length = _WIDTH - len(f'{key}: "\\')
    cut = max(arn.rfind(separator, 0, max_length) for separator in ":/") + 1
    indent = " " * (key.index("Fn::") + 2)
    return f'{key}: "{arn[:cut]}\\\n{indent}{arn[cut:]}"\n'


def stacks(service: str) -> list[str]:
    """List the stacks that the role may deploy."""
    return [
        service,
        *(TEMPLATES[name].format(service=service) for name in _data_templates(service)),
    ]


def data(service: str) -> list[Statement]:
    """List the statements for the data stacks, resource by resource."""
    resources = [
        resource
        for name in _data_templates(service)
        for resource in _resources(ROOT / service / name)
    ]
    arns: dict[str, list[str]] = defaultdict(list)
    for resource in resources:
        kind, properties = resource["Type"], resource.get("Properties", {})
        if kind in deploy_actions.NAMED:
            name, pattern, _ = deploy_actions.NAMED[kind]
            arns[kind].append(_expand_arn(pattern, name=_text(properties[name])))
        if kind == "AWS::SQS::Queue" and "RedrivePolicy" in properties:
            # An alarm of the code stack is named for the queue that its Lambda empties.
            arns[_ALARM].append(
                _expand_arn(deploy_actions.NAMED[_ALARM][1], name=f"{properties['QueueName']}-late")
            )
    return [_allow(deploy_actions.NAMED[kind][2], named) for kind, named in arns.items()]


def code(service: str) -> list[Statement]:
    """List the statements for the code stack and its smoke test."""
    roles = [f"iam::${{AWS::AccountId}}:role/{stack}-*" for stack in stacks(service)]
    statements = [
        _allow(need.actions, [_expand_arn(arn, service=service) for arn in need.resources])
        | ({"Condition": _condition(need.condition, service)} if need.condition else {})
        for need in deploy_actions.CODE
    ]
    managed = [
        _sub(f"iam::aws:policy/service-role/{name}") for name in deploy_actions.MANAGED_POLICIES
    ]
    return [
        *statements,
        _allow(deploy_actions.ROLES, roles),
        _allow(deploy_actions.ATTACH, roles)
        | {"Condition": {"ArnEquals": {"iam:PolicyARN": managed}}},
        _allow(["iam:PassRole"], roles)
        | {"Condition": {"StringEquals": {"iam:PassedToService": list(deploy_actions.PASSED_TO)}}},
        _allow(
            deploy_actions.STACKS,
            [f"cloudformation:{deploy_actions.HERE}:stack/{stack}/*" for stack in stacks(service)],
        ),
        _allow(
            ["s3:GetObject", "s3:PutObject"],
            [f"{deploy_actions.BUCKET}/{stack}.template" for stack in stacks(service)],
        ),
        {"Effect": "Allow", "Action": sorted(deploy_actions.EVERYTHING), "Resource": "*"},
    ]


def _template(service: str) -> dict[str, Any]:
    policies = dict(_policies("Data", data(service))) | dict(_policies("Code", code(service)))
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"What the workflow of {service} may do in this account",
        "Metadata": {"WhyEveryResource": deploy_actions.EVERYTHING},
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
        if len(yaml.safe_dump([*parts[-1], statement], width=1000)) > _MAX_POLICY_SIZE:
            parts.append([])
        parts[-1].append(statement)
    for number, part in enumerate(parts, 1):
        document = {"Version": "2012-10-17", "Statement": part}
        yield (
            f"{name}{number}",
            {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}},
        )


def _role(service: str, policies: list[str]) -> dict[str, Any]:
    """Return the role, assumable by this repository's jobs in its stage's environment."""
    claims = {
        f"{_PROVIDER}:aud": "sts.amazonaws.com",
        f"{_PROVIDER}:sub": {"Fn::Sub": "repo:${Repository}:environment:${Stage}"},
    }
    trust = {
        "Effect": "Allow",
        "Principal": {"Federated": _sub(f"iam::${{AWS::AccountId}}:oidc-provider/{_PROVIDER}")},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": claims},
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
        test: {key: _sub(_expand_arn(arn, service=service)) for key, arn in arns.items()}
        for test, arns in condition.items()
    }


def _text(name: str | dict[str, str]) -> str:
    """Return a name as text. With !Sub it keeps its placeholders, for another !Sub."""
    return name if isinstance(name, str) else name["Fn::Sub"]


def _expand_arn(arn: str, **values: str) -> str:
    for name, value in {"here": deploy_actions.HERE, **values}.items():
        arn = arn.replace(f"<{name}>", value)
    return arn


def _data_templates(service: str) -> list[str]:
    return [name for name in TEMPLATES if (ROOT / service / name).exists()]


def _resources(template: Path) -> Iterator[dict[str, Any]]:
    yield from cfn.read(template)["Resources"].values()


def write() -> None:
    """Write the deploy roles of all services."""
    for service in SERVICES:
        file_of(service).write_text(text(service))
