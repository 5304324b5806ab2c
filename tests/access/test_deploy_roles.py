"""A workflow's role may deploy its service, and nothing else."""

import json
import re
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import pytest
import yaml
from samtranslator.translator.managed_policy_translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform

from delivery import deploy_actions, deploy_roles, packaging
from delivery.cfn import CloudFormation
from delivery.paths import ROOT, SERVICES

ACCOUNT, REGION = "123456789012", "eu-west-1"
HERE = f"{REGION}:{ACCOUNT}"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
MAX_POLICY_LENGTH, MAX_POLICIES = 6144, 10
# The action that creates each type, and its ARN. {name} is its own or CloudFormation's.
CREATED_BY = {
    "AWS::DynamoDB::Table": ("dynamodb:CreateTable", "dynamodb:{here}:table/{name}"),
    "AWS::SQS::Queue": ("sqs:CreateQueue", "sqs:{here}:{name}"),
    "AWS::SNS::Topic": ("sns:CreateTopic", "sns:{here}:{name}"),
    "AWS::Events::EventBus": ("events:CreateEventBus", "events:{here}:event-bus/{name}"),
    "AWS::Events::Archive": ("events:CreateArchive", "events:{here}:archive/{name}"),
    "AWS::CloudWatch::Alarm": ("cloudwatch:PutMetricAlarm", "cloudwatch:{here}:alarm:{name}"),
    "AWS::CloudWatch::Dashboard": (
        "cloudwatch:PutDashboard",
        "cloudwatch::{account}:dashboard/{name}",
    ),
    "AWS::SecretsManager::Secret": (
        "secretsmanager:CreateSecret",
        "secretsmanager:{here}:secret:{name}-AbCdEf",
    ),
    "AWS::CloudTrail::Trail": ("cloudtrail:CreateTrail", "cloudtrail:{here}:trail/{name}"),
    "AWS::S3::Bucket": ("s3:CreateBucket", "s3:::{name}"),
    "AWS::WAFv2::WebACL": ("wafv2:CreateWebACL", "wafv2:{here}:regional/webacl/{name}/1"),
    "AWS::Logs::LogGroup": ("logs:CreateLogGroup", "logs:{here}:log-group:{name}"),
    "AWS::StepFunctions::StateMachine": (
        "states:CreateStateMachine",
        "states:{here}:stateMachine:{name}",
    ),
    "AWS::IAM::Role": ("iam:CreateRole", "iam::{account}:role/{name}"),
    "AWS::Lambda::Function": ("lambda:CreateFunction", "lambda:{here}:function:{name}"),
    "AWS::CodeDeploy::Application": (
        "codedeploy:CreateApplication",
        "codedeploy:{here}:application:{name}",
    ),
    "AWS::ApiGateway::RestApi": ("apigateway:POST", "apigateway:{region}::/restapis"),
}
NAMES = ("Name", "RoleName", "FunctionName")
DELETES_DATA = {
    "dynamodb:DeleteTable",
    "secretsmanager:DeleteSecret",
    "events:DeleteEventBus",
    "s3:DeleteObject",
}


class NoPolicies(ManagedPolicyLoader):
    """Replaces the translator's call to IAM: the templates use one managed policy."""

    def __init__(self):
        super().__init__(None)

    def load(self):
        return {
            name: f"arn:aws:iam::aws:policy/service-role/{name}"
            for name in deploy_actions.MANAGED_POLICIES
        }


def packaged(service: str, stage: str) -> dict[str, Any]:
    """The code stack's resources after CloudFormation's SAM transform."""
    template = packaging.package(
        ROOT / service, stage, ROOT / "build" / f"{service}-{stage}", ROOT / "build/wheels"
    )
    document = json.loads(template.read_text())
    for resource in document["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = {"Bucket": "artifacts", "Key": "deployment.zip"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        return transform(document, {}, NoPolicies())["Resources"]


def deployed(service: str, stage: str) -> list[tuple[str, dict[str, Any]]]:
    """Every resource of the service's stacks, with its own or generated name."""
    found = [(service, packaged(service, stage))]
    for file, stack in deploy_roles.TEMPLATES.items():
        if (ROOT / service / file).exists():
            template = yaml.load((ROOT / service / file).read_text(), CloudFormation)
            found.append((stack.format(service=service), template["Resources"]))
    return [
        (physical_name(resource) or f"{stack}-{logical_id}-1A2B3C", resource)
        for stack, resources in found
        for logical_id, resource in resources.items()
    ]


def physical_name(resource: dict[str, Any]) -> str | None:
    properties = resource.get("Properties", {})
    key = deploy_actions.NAMED.get(resource["Type"], ("",))[0]
    found = next((properties[name] for name in (key, *NAMES) if name in properties), None)
    if isinstance(found, dict) and "Fn::Sub" in found:
        return (
            found["Fn::Sub"].replace("${AWS::AccountId}", ACCOUNT).replace("${AWS::Region}", REGION)
        )
    return found if isinstance(found, str) else None


@cache
def statements(service: str, stage: str) -> list[dict[str, Any]]:
    """The statements of the service's role on this stage, with complete ARNs."""
    values = {
        "AWS::Partition": "aws",
        "AWS::Region": REGION,
        "AWS::AccountId": ACCOUNT,
        "Stage": stage,
    }
    text = json.dumps(yaml.safe_load(deploy_roles.file_of(service).read_text())["Resources"])
    text = re.sub(r'{"Fn::Sub": ("[^"]*")}', r"\1", text)
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value)
    resources = json.loads(text)
    return [
        statement
        for policy in resources.values()
        if policy["Type"] == "AWS::IAM::ManagedPolicy"
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def is_granted(service: str, stage: str, action: str, arn: str) -> bool:
    return any(
        action in statement["Action"]
        and any(fnmatchcase(arn, allowed) for allowed in as_list(statement["Resource"]))
        for statement in statements(service, stage)
    )


def as_list(one_or_more: str | list[str]) -> list[str]:
    return [one_or_more] if isinstance(one_or_more, str) else one_or_more


def arn(pattern: str, name: str) -> str:
    return "arn:aws:" + pattern.format(here=HERE, account=ACCOUNT, region=REGION, name=name)


@pytest.mark.parametrize("service", SERVICES)
def test_the_roles_are_up_to_date(service):
    assert deploy_roles.file_of(service).read_text() == deploy_roles.text(service), (
        "run: make workflows"
    )


@pytest.mark.parametrize("stage", ["dev", "prod"])
@pytest.mark.parametrize("service", SERVICES)
def test_a_role_can_create_every_resource_of_its_service(service, stage):
    for name, resource in deployed(service, stage):
        kind = resource["Type"]
        assert kind in deploy_actions.covered(), (
            f"{kind}: say in delivery/deploy_actions.py what deploying it needs"
        )
        if kind in CREATED_BY:
            action, pattern = CREATED_BY[kind]
            assert is_granted(service, stage, action, arn(pattern, name)), f"{action} on {name}"
        elif kind == "AWS::Events::Rule":
            bus = "commerce/" if "EventBusName" in resource["Properties"] else ""
            assert is_granted(
                service, stage, "events:PutRule", arn("events:{here}:rule/{name}", bus + name)
            ), name


@pytest.mark.parametrize("service", SERVICES)
def test_a_role_can_do_what_make_release_does(service):
    """It uses the artifact bucket, reads stacks and exports, and invokes Lambdas."""
    bucket = f"arn:aws:s3:::commerce-artifacts-{ACCOUNT}-{REGION}"
    needed = [
        *((action, bucket) for action in ("s3:ListBucket", "s3:CreateBucket")),
        *((action, f"{bucket}/{service}/0123.zip") for action in ("s3:GetObject", "s3:PutObject")),
        ("cloudformation:ListExports", "*"),
        ("lambda:InvokeFunction", arn("lambda:{here}:function:{name}", f"{service}-prod:live")),
        (
            "lambda:InvokeFunction",
            arn("lambda:{here}:function:{name}", f"{service}-prod-authorizer:live"),
        ),
    ]
    for stack in deploy_roles.stacks(service):
        needed += [
            (action, f"{bucket}/{stack}.template") for action in ("s3:GetObject", "s3:PutObject")
        ]
        needed += [
            (action, arn("cloudformation:{here}:stack/{name}/1", stack))
            for action in deploy_actions.STACKS
        ]

    assert [each for each in needed if not is_granted(service, "prod", *each)] == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_role_has_no_wildcards_without_a_reason(service):
    why = yaml.safe_load(deploy_roles.file_of(service).read_text())["Metadata"]["WhyEveryResource"]
    for statement in statements(service, "dev"):
        for action in statement["Action"]:
            assert "*" not in action
            assert action not in DELETES_DATA
            assert "*" not in as_list(statement["Resource"]) or why[action], action


@pytest.mark.parametrize("service", SERVICES)
def test_a_role_has_no_access_to_other_services_or_stages(service):
    for other in set(SERVICES) - {service}:
        for action, pattern in CREATED_BY.values():
            if "{name}" in pattern:
                assert not is_granted(service, "dev", action, arn(pattern, f"{other}-dev")), (
                    f"{action}: {other}"
                )
        assert not is_granted(
            service,
            "dev",
            "cloudformation:UpdateStack",
            arn("cloudformation:{here}:stack/{name}/1", other),
        )
    function = arn("lambda:{here}:function:{name}", f"{service}-prod")
    assert not is_granted(service, "dev", "lambda:UpdateFunctionCode", function)
    for action in (*deploy_actions.ROLES, *deploy_actions.ATTACH, "iam:PassRole"):
        assert not is_granted(
            service, "dev", action, arn("iam::{account}:role/{name}", f"deploy-{service}-dev")
        )


@pytest.mark.parametrize("service", SERVICES)
def test_a_role_trusts_only_its_repository_and_environment(service):
    role = yaml.safe_load(deploy_roles.file_of(service).read_text())["Resources"]["Role"][
        "Properties"
    ]
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
    found = {action: each for each in statements(service, "dev") for action in each["Action"]}

    assert found["iam:PassRole"]["Condition"] == {
        "StringEquals": {"iam:PassedToService": [*deploy_actions.PASSED_TO]}
    }
    attached = found["iam:AttachRolePolicy"]["Condition"]["ArnEquals"]["iam:PolicyARN"]
    assert {name.rsplit("/", 1)[1] for name in attached} == set(deploy_actions.MANAGED_POLICIES)


@pytest.mark.parametrize("service", SERVICES)
def test_a_policy_is_within_the_quotas_of_iam(service):
    found = yaml.safe_load(deploy_roles.file_of(service).read_text())["Resources"]
    policies = [each for each in found.values() if each["Type"] == "AWS::IAM::ManagedPolicy"]
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
