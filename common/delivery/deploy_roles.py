"""Generate <service>/deploy-role.yml, with which a workflow deploys.

Which actions, and on which resources IAM evaluates them, is AWS's data (delivery.authorization).
Resources of data stacks are named one by one, from the templates. Those of code stacks begin with
the service's name.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from delivery import authorization, cfn, deploy_actions, domain, unused_actions
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


def allowed(service: str) -> dict[str, list[str]]:
    """Return what the role allows: each action with the ARNs that IAM evaluates it on.

    Raises: NothingToAllow when a type needs an action on something that is not the service's.
    """
    arns = _arns(service)
    resources = {}
    for action in sorted(_actions(service)):
        if not authorization.knows_resources(action):
            resources[action] = ["*"]
        elif not (on := [arn for arn in arns if authorization.is_evaluated_on(action, arn)]):
            raise NothingToAllow(
                f"{service}: {action} is on no resource of its own: give it one in deploy_actions"
                " or say in unused_actions which absent property asks for it"
            )
        else:
            resources[action] = on
    return resources


class NothingToAllow(LookupError):
    """An action is needed, and the service has nothing that it could be done to."""


def _actions(service: str) -> set[str]:
    kinds = {*deploy_actions.CODE_TYPES, *(resource["Type"] for resource in _resources(service))}
    return {*deploy_actions.RELEASE} | {
        action
        for kind in kinds
        for action in authorization.handler_actions(kind)
        if not unused_actions.is_unused(kind, action)
    }


def _arns(service: str) -> list[str]:
    """List the service's ARNs: resources of data stacks by name, code by prefix."""
    arns = [*deploy_actions.CODE, *_own_roles(service)]
    arns += [f"{deploy_actions.BUCKET}/{stack}.template" for stack in stacks(service)]
    for resource in _resources(service):
        kind, properties = resource["Type"], resource.get("Properties", {})
        arns += deploy_actions.BESIDES.get(kind, ())
        if kind in deploy_actions.NAMED:
            name, pattern = deploy_actions.NAMED[kind]
            arns.append(_expand_arn(pattern, name=_text(properties[name])))
        if kind == "AWS::SQS::Queue" and "RedrivePolicy" in properties:
            # An alarm of the code stack is named for the queue that its Lambda empties.
            late = f"{properties['QueueName']}-late"
            arns.append(_expand_arn(deploy_actions.NAMED[_ALARM][1], name=late))
    return list(dict.fromkeys(_expand_arn(arn, service=service) for arn in arns))


def _own_roles(service: str) -> list[str]:
    return [f"iam::${{AWS::AccountId}}:role/{stack}-*" for stack in stacks(service)]


def statements(service: str) -> list[Statement]:
    """Group actions with the same resources and conditions into statements."""
    together: dict[tuple[tuple[str, ...], str], list[str]] = defaultdict(list)
    for action, arns in allowed(service).items():
        condition = _condition(deploy_actions.CONDITIONS.get(action, {}), service)
        together[tuple(arns), json.dumps(condition)].append(action)
    grants = [
        _allow(actions, arns) | ({"Condition": json.loads(condition)} if condition != "{}" else {})
        for (arns, condition), actions in together.items()
    ]
    transform = "cloudformation:${AWS::Region}:aws:transform/Serverless-2016-10-31"
    own = [f"cloudformation:{deploy_actions.HERE}:stack/{stack}/*" for stack in stacks(service)]
    return [
        *grants,
        _allow(deploy_actions.STACKS, own),
        _allow(["cloudformation:CreateChangeSet"], [transform]),
        # The smoke test asks where the domain is.
        _allow(
            ["cloudformation:DescribeStacks"],
            [f"cloudformation:{deploy_actions.HERE}:stack/{domain.STACK}/*"],
        ),
        _allow(["s3:CreateBucket", "s3:ListBucket"], [deploy_actions.BUCKET]),
    ]


def _template(service: str) -> dict[str, Any]:
    policies = dict(_policies(statements(service)))
    everything = [action for action, arns in allowed(service).items() if arns == ["*"]]
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"What the workflow of {service} may do in this account",
        "Metadata": {"OnEveryResource": {"IAM knows no resource for": everything}},
        "Parameters": {
            "Repository": {"Type": "String", "Description": "On GitHub: owner/name"},
            "Stage": {"Type": "String", "AllowedValues": ["dev", "prod"]},
        },
        "Resources": {**policies, "Role": _role(service, list(policies))},
        "Outputs": {"RoleArn": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}}},
    }


def _policies(statements: list[Statement]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Split the statements over as many policies as their size limit takes."""
    parts: list[list[Statement]] = [[]]
    for statement in statements:
        if len(yaml.safe_dump([*parts[-1], statement], width=1000)) > _MAX_POLICY_SIZE:
            parts.append([])
        parts[-1].append(statement)
    for number, part in enumerate(parts, 1):
        document = {"Version": "2012-10-17", "Statement": part}
        yield (
            f"Policy{number}",
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


def _allow(actions: Iterable[str], arns: Iterable[str]) -> Statement:
    resources = ["*" if arn == "*" else _sub(arn) for arn in arns]
    return {"Effect": "Allow", "Action": sorted(actions), "Resource": resources}


def _sub(arn: str) -> dict[str, str]:
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:{_expand_arn(arn)}"}


def _condition(condition: Mapping[str, Mapping[str, Any]], service: str) -> dict[str, Any]:
    """Complete a condition: values that are ARNs lack their beginning."""
    return {
        test: {
            key: _completed(value, service) if test.startswith("Arn") else value
            for key, value in expected.items()
        }
        for test, expected in condition.items()
    }


def _completed(arns: str | list[str], service: str) -> Any:
    if isinstance(arns, str):
        return _sub(_expand_arn(arns, service=service))
    return [_sub(_expand_arn(arn, service=service)) for arn in arns]


def _text(name: str | dict[str, str]) -> str:
    """Return a name as text. With !Sub it keeps its placeholders, for another !Sub."""
    return name if isinstance(name, str) else name["Fn::Sub"]


def _expand_arn(arn: str, **known: str) -> str:
    for name, value in {"here": deploy_actions.HERE, **known}.items():
        arn = arn.replace(f"<{name}>", value)
    return arn


def _data_templates(service: str) -> list[str]:
    return [name for name in TEMPLATES if (ROOT / service / name).exists()]


def _resources(service: str) -> list[dict[str, Any]]:
    templates = [cfn.read(ROOT / service / name) for name in _data_templates(service)]
    return [resource for template in templates for resource in template["Resources"].values()]


def write() -> None:
    """Write the deploy roles of all services."""
    for service in SERVICES:
        file_of(service).write_text(text(service))
