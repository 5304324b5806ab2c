"""A workflow's role may deploy its service, and nothing else.

What deploying needs is AWS's own data (delivery.authorization), compared with the resources that
the packaged templates of both stages really have.
"""

import json
import re
from functools import cache
from typing import Any

import pytest
import yaml

from delivery import authorization, deploy_actions, deploy_roles, unused_actions
from delivery.paths import SERVICES
from tests.support import iam
from tests.support.deployed_resources import Deployed, deployed, transformed

ACCOUNT, REGION = iam.ACCOUNT, iam.REGION
HERE = f"{REGION}:{ACCOUNT}"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
MAX_POLICY_LENGTH, MAX_POLICIES = 6144, 10
# Only as CloudFormation does it, to roll back: the templates retain what these delete.
DELETES_DATA = {
    "dynamodb:DeleteTable",
    "secretsmanager:DeleteSecret",
    "ses:DeleteEmailIdentity",
    "events:DeleteEventBus",
    "events:DeleteArchive",
    "logs:DeleteLogGroup",
    "sns:DeleteTopic",
    "sqs:DeleteQueue",
}
NEVER = {"s3:DeleteObject", "s3:DeleteBucket", "cloudtrail:DeleteTrail", "cloudtrail:StopLogging"}
# What a policy without a resource, such as `*`, is needed for.
EVERYTHING = "*"


@cache
def resources(service: str, stage: str) -> list[Deployed]:
    return list(deployed(service, stage))


def template(service: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(deploy_roles.file_of(service).read_text())
    return document


@cache
def statements(service: str, stage: str) -> list[dict[str, Any]]:
    """The statements of the service's role on this stage, with complete ARNs."""
    return [
        statement
        for policy in iam.with_values(template(service)["Resources"], Stage=stage).values()
        if policy["Type"] == "AWS::IAM::ManagedPolicy"
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def is_granted(service: str, stage: str, action: str, arn: str) -> bool:
    return iam.allows(statements(service, stage), action, arn)


def arn(pattern: str, name: str) -> str:
    return "arn:aws:" + pattern.format(here=HERE, account=ACCOUNT, region=REGION, name=name)


def needed(resource: Deployed) -> set[tuple[str, str]]:
    """What CloudFormation does to a resource: actions, and what each is evaluated on."""
    permissions = set()
    for action in authorization.handler_actions(resource.kind):
        if unused_actions.is_unused(resource.kind, action):
            continue
        if not authorization.knows_resources(action):
            permissions.add((action, EVERYTHING))
            continue
        evaluated = [
            each
            for each in resource.arns
            if authorization.is_evaluated_on(action, each.removeprefix("arn:aws:"))
        ]
        assert evaluated, f"{action}: say on what of {resource.kind} it is evaluated"
        permissions |= {(action, each) for each in evaluated}
    return permissions


@pytest.mark.parametrize("service", SERVICES)
def test_the_roles_are_up_to_date(service):
    assert deploy_roles.file_of(service).read_text() == deploy_roles.text(service), (
        "run: make workflows"
    )


@pytest.mark.parametrize("stage", ["dev", "prod"])
@pytest.mark.parametrize("service", SERVICES)
def test_a_role_may_do_what_cloudformation_does(service, stage):
    """Create, read, update, tag, delete and roll back each resource of each stack."""
    missing = {
        f"{action} on {where}"
        for resource in resources(service, stage)
        for action, where in needed(resource)
        if not is_granted(service, stage, action, where)
    }

    assert missing == set()


@pytest.mark.parametrize("service", SERVICES)
def test_a_role_covers_each_type_of_the_packaged_template(service):
    packaged = {each["Type"] for each in transformed(service, "prod").values()}

    assert packaged <= {*deploy_actions.CODE_TYPES}


@pytest.mark.parametrize("stage", ["dev", "prod"])
@pytest.mark.parametrize("service", SERVICES)
def test_no_template_has_a_property_whose_actions_are_missing(service, stage):
    """unused_actions leaves out what only these properties ask for."""
    assert [
        f"{resource.kind} {resource.name}: {name}"
        for resource in resources(service, stage)
        for name in unused_actions.absent_properties(resource.kind)
        if resource.has(name)
    ] == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_role_names_only_what_iam_evaluates(service):
    """On another kind of resource, or under an unknown key, nothing is allowed."""
    for statement in statements(service, "dev"):
        for action in statement["Action"]:
            assert "*" not in action
            for where in iam.as_list(statement["Resource"]):
                on = where.removeprefix("arn:aws:")
                knows = authorization.knows_resources(action)
                right = authorization.is_evaluated_on(action, on) if knows else on == EVERYTHING
                assert right or on.startswith("cloudformation:"), f"{action} on {where}"
            keys = {key for test in statement.get("Condition", {}).values() for key in test}
            own = {key for key in keys if not key.startswith("aws:")}
            assert own <= authorization.condition_keys(action), f"{action}: {own}"


@pytest.mark.parametrize("service", SERVICES)
def test_a_role_deletes_data_only_to_roll_back(service):
    for statement in statements(service, "dev"):
        assert not NEVER & {*statement["Action"]}
        if DELETES_DATA & {*statement["Action"]}:
            assert statement["Condition"] == {
                "ForAnyValue:StringEquals": {"aws:CalledVia": ["cloudformation.amazonaws.com"]}
            }


@pytest.mark.parametrize("service", SERVICES)
def test_a_role_can_do_what_make_release_does(service):
    """It uploads, reads stacks, exports and limits, and invokes Lambdas."""
    bucket = f"arn:aws:s3:::commerce-artifacts-{ACCOUNT}-{REGION}"
    functions = [
        arn("lambda:{here}:function:{name}", f"{service}-prod{name}")
        for name in ("", ":live", "-authorizer", "-authorizer:live")
    ]
    expected = [
        *((action, bucket) for action in ("s3:ListBucket", "s3:CreateBucket")),
        *((action, f"{bucket}/{service}/0123.zip") for action in ("s3:GetObject", "s3:PutObject")),
        ("cloudformation:ListExports", EVERYTHING),
        ("lambda:GetAccountSettings", EVERYTHING),
        ("lambda:ListFunctions", EVERYTHING),
        *(("lambda:InvokeFunction", name) for name in functions),
        *(("lambda:ListVersionsByFunction", name) for name in functions),
        *(("lambda:DeleteFunction", name) for name in functions),
    ]
    for stack in deploy_roles.stacks(service):
        expected += [
            (action, f"{bucket}/{stack}.template") for action in ("s3:GetObject", "s3:PutObject")
        ]
        expected += [
            (action, arn("cloudformation:{here}:stack/{name}/1", stack))
            for action in deploy_actions.STACKS
        ]

    assert [each for each in expected if not is_granted(service, "prod", *each)] == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_role_has_no_access_to_other_services_or_stages(service):
    own = {each.name for each in resources(service, "dev")}
    foreign = [
        each
        for other in set(SERVICES) - {service}
        for each in resources(other, "dev")
        if each.name not in own and each.name in each.arns[0]
    ]
    allowed = {
        action
        for resource in foreign
        for action, where in needed(resource)
        if where == resource.arns[0] and is_granted(service, "dev", action, where)
    }
    assert allowed <= {"wafv2:GetWebACL"}  # all six stand behind one firewall
    for other in set(SERVICES) - {service}:
        stack = arn("cloudformation:{here}:stack/{name}/1", other)
        assert not is_granted(service, "dev", "cloudformation:UpdateStack", stack)
    function = arn("lambda:{here}:function:{name}", f"{service}-prod")
    assert not is_granted(service, "dev", "lambda:UpdateFunctionCode", function)
    itself = arn("iam::{account}:role/{name}", f"deploy-{service}-dev")
    for action in authorization.handler_actions("AWS::IAM::Role") | {"iam:PassRole"}:
        assert not is_granted(service, "dev", action, itself)


@pytest.mark.parametrize("service", SERVICES)
def test_a_role_trusts_only_its_repository_and_environment(service):
    role = template(service)["Resources"]["Role"]["Properties"]
    (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]

    assert trusted["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert trusted["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": {
                "Fn::Sub": "repo:${Repository}:environment:${Stage}"
            },
        }
    }


@pytest.mark.parametrize("service", SERVICES)
def test_a_role_passes_roles_and_attaches_policies_from_a_list(service):
    granted = {action: each for each in statements(service, "dev") for action in each["Action"]}

    assert granted["iam:PassRole"]["Condition"] == {
        "StringEquals": {"iam:PassedToService": [*deploy_actions.PASSED_TO]}
    }
    attached = granted["iam:AttachRolePolicy"]["Condition"]["ArnEquals"]["iam:PolicyARN"]
    assert {name.rsplit("/", 1)[1] for name in attached} == set(deploy_actions.MANAGED_POLICIES)


@pytest.mark.parametrize("service", SERVICES)
def test_a_policy_is_within_the_quotas_of_iam(service):
    stack = template(service)["Resources"]
    policies = [each for each in stack.values() if each["Type"] == "AWS::IAM::ManagedPolicy"]
    assert len(policies) <= MAX_POLICIES
    for policy in policies:
        text = json.dumps(policy["Properties"]["PolicyDocument"], separators=(",", ":"))
        text = re.sub(r'{"Fn::Sub":("[^"]*")}', r"\1", text).replace(
            "${AWS::Partition}", "aws-us-gov"
        )
        text = text.replace("${AWS::Region}", "ap-southeast-1").replace(
            "${AWS::AccountId}", ACCOUNT
        )
        assert len(text) <= MAX_POLICY_LENGTH
