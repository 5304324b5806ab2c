"""What a service's stacks deploy, after the SAM transform, with complete ARNs."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import pytest
from samtranslator.translator.managed_policy_translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform

from delivery import cfn, deploy_actions, deploy_roles, packaging
from delivery.paths import ROOT
from tests.support.iam import ACCOUNT, REGION

# What IAM evaluates actions on each type on. {name} is its own or CloudFormation's.
ARNS = {
    "AWS::DynamoDB::Table": ["dynamodb:{here}:table/{name}"],
    "AWS::SQS::Queue": ["sqs:{here}:{name}"],
    "AWS::SNS::Topic": ["sns:{here}:{name}"],
    "AWS::Events::EventBus": ["events:{here}:event-bus/{name}"],
    "AWS::Events::Archive": ["events:{here}:archive/{name}", "events:{here}:event-bus/commerce"],
    "AWS::CloudWatch::Alarm": ["cloudwatch:{here}:alarm:{name}"],
    "AWS::CloudWatch::Dashboard": ["cloudwatch::{account}:dashboard/{name}"],
    "AWS::SecretsManager::Secret": ["secretsmanager:{here}:secret:{name}-AbCdEf"],
    "AWS::CloudTrail::Trail": ["cloudtrail:{here}:trail/{name}"],
    "AWS::S3::Bucket": ["s3:::{name}"],
    "AWS::WAFv2::IPSet": ["wafv2:{here}:regional/ipset/{name}/1"],
    "AWS::WAFv2::WebACL": [
        "wafv2:{here}:regional/ipset/commerce-exempt/1",
        "wafv2:{here}:regional/webacl/{name}/1",
        "wafv2:{here}:regional/managedruleset/AWSManagedRulesCommonRuleSet/1",
    ],
    "AWS::Logs::LogGroup": ["logs:{here}:log-group:{name}", "logs:{here}:log-group:{name}:*"],
    "AWS::StepFunctions::StateMachine": [
        "states:{here}:stateMachine:{name}",
        "iam::{account}:role/checkout-state-machine-Role-1A2B3C",
    ],
    "AWS::IAM::Role": ["iam::{account}:role/{name}"],
    "AWS::Lambda::Function": [
        "lambda:{here}:function:{name}",
        "lambda:{here}:function:{name}:live",
        "iam::{account}:role/{service}-FunctionRole-1A2B3C",
        "s3:::commerce-artifacts-{account}-{region}/{service}/0123.zip",
        "lambda:{here}:layer:{code}-documentslayer:1",
    ],
    "AWS::Lambda::LayerVersion": [
        "lambda:{here}:layer:{name}",
        "lambda:{here}:layer:{name}:1",
        "s3:::commerce-artifacts-{account}-{region}/{service}/0123.zip",
    ],
    "AWS::Lambda::EventSourceMapping": ["lambda:{here}:event-source-mapping:1a2b"],
    "AWS::CodeDeploy::Application": ["codedeploy:{here}:application:{name}"],
    "AWS::CodeDeploy::DeploymentGroup": [
        "codedeploy:{here}:application:{service}-Application-1A2B3C",
        "codedeploy:{here}:deploymentgroup:{service}-Application-1A2B3C/{name}",
        "codedeploy:{here}:deploymentconfig:CodeDeployDefault.LambdaCanary10Percent5Minutes",
        "iam::{account}:role/{service}-CodeDeployServiceRole-1A2B3C",
    ],
    "AWS::ApiGateway::RestApi": [
        "apigateway:{region}::/restapis",
        "apigateway:{region}::/restapis/a1b2",
        "apigateway:{region}::/tags/arn%3Aaws%3Aapigateway%3A",
    ],
    "AWS::ApiGateway::Deployment": ["apigateway:{region}::/restapis/a1b2/deployments/c3d4"],
    "AWS::ApiGateway::Stage": ["apigateway:{region}::/restapis/a1b2/stages/api"],
    "AWS::ApiGateway::Account": [
        "apigateway:{region}::/account",
        "iam::{account}:role/{service}-resources-ApiLogsRole-1A2B3C",
    ],
    "AWS::SES::ConfigurationSet": ["ses:{here}:configuration-set/{name}"],
    "AWS::SES::EmailIdentity": [
        "ses:{here}:identity/shop.example",
        "ses:{here}:configuration-set/commerce",
    ],
    "AWS::WAFv2::WebACLAssociation": [
        "wafv2:{here}:regional/webacl/commerce/1",
        "apigateway:{region}::/restapis/a1b2/stages/api",
    ],
}
# What belongs to another resource is evaluated on that one.
_FUNCTION = "lambda:{here}:function:{code}"
_OF_FUNCTION = [_FUNCTION, _FUNCTION + ":live", _FUNCTION + "-authorizer:live"]
ARNS |= {
    "AWS::SQS::QueuePolicy": ARNS["AWS::SQS::Queue"],
    "AWS::SNS::TopicPolicy": ARNS["AWS::SNS::Topic"],
    "AWS::SNS::Subscription": ARNS["AWS::SNS::Topic"],
    "AWS::SES::ConfigurationSetEventDestination": ["ses:{here}:configuration-set/commerce"],
    "AWS::S3::BucketPolicy": ARNS["AWS::S3::Bucket"],
    "AWS::Lambda::Permission": _OF_FUNCTION,
    "AWS::Lambda::Version": _OF_FUNCTION,
    "AWS::Lambda::Alias": [*_OF_FUNCTION, *ARNS["AWS::CodeDeploy::DeploymentGroup"]],
}
_OF_OTHERS: dict[str, Callable[[dict[str, Any]], list[dict[str, str]]]] = {
    "AWS::SQS::QueuePolicy": itemgetter("Queues"),
    "AWS::SNS::TopicPolicy": itemgetter("Topics"),
    "AWS::SNS::Subscription": lambda properties: [properties["TopicArn"]],
    "AWS::S3::BucketPolicy": lambda properties: [properties["Bucket"]],
}
_NAMES = ("Name", "RoleName", "FunctionName", "LayerName", "DashboardName")


@dataclass(frozen=True)
class Deployed:
    """A resource of a stack."""

    service: str
    stage: str
    name: str
    kind: str
    properties: dict[str, Any]

    @property
    def arns(self) -> list[str]:
        """What IAM may evaluate an action on this resource on."""
        if self.kind == "AWS::Events::Rule":
            bus = "commerce/" if "EventBusName" in self.properties else ""
            patterns = ["events:{here}:rule/" + bus + "{name}"]
        else:
            patterns = ARNS[self.kind]
        values = {
            "here": f"{REGION}:{ACCOUNT}",
            "account": ACCOUNT,
            "region": REGION,
            "name": self.name,
            "service": self.service,
            "code": f"{self.service}-{self.stage}",
        }
        return ["arn:aws:" + each.format(**values) for each in patterns]

    def has(self, path: str) -> bool:
        """Whether a property is set: its name, or its path with dots."""
        value: Any = self.properties
        for part in path.split("."):
            if not isinstance(value, dict) or part not in value:
                return False
            value = value[part]
        return True


class NoPolicies(ManagedPolicyLoader):
    """Replaces the translator's call to IAM: the templates use one managed policy."""

    def __init__(self) -> None:
        super().__init__(None)

    def load(self) -> dict[str, str]:
        return {
            name: f"arn:aws:iam::aws:policy/service-role/{name}"
            for name in deploy_actions.MANAGED_POLICIES
        }


def transformed(service: str, stage: str) -> dict[str, Any]:
    """The resources of the code stack."""
    template = packaging.package(
        ROOT / service, stage, ROOT / "build" / f"{service}-{stage}", ROOT / "build/wheels"
    )
    document = json.loads(template.read_text())
    for resource in document["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = {"Bucket": "artifacts", "Key": "deployment.zip"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        resources: dict[str, Any] = transform(document, {}, NoPolicies())["Resources"]
    return resources


def deployed(service: str, stage: str) -> Iterator[Deployed]:
    """Every resource of the service's stacks, with its own or a generated name."""
    stacks = [(service, transformed(service, stage))]
    for file, stack in deploy_roles.TEMPLATES.items():
        if (ROOT / service / file).exists():
            template = cfn.read(ROOT / service / file)
            stacks.append((stack.format(service=service), template["Resources"]))
    for stack, resources in stacks:
        for logical_id, resource in resources.items():
            kind, properties = resource["Type"], resource.get("Properties", {})
            names = [_name(kind, properties) or f"{stack}-{logical_id}-1A2B3C"]
            if kind in _OF_OTHERS:
                others = [resources[each["Ref"]] for each in _OF_OTHERS[kind](properties)]
                names = [str(_name(each["Type"], each["Properties"])) for each in others]
            yield from (Deployed(service, stage, name, kind, properties) for name in names)


def _name(kind: str, properties: dict[str, Any]) -> str | None:
    key = deploy_actions.NAMED.get(kind, ("",))[0]
    value = next((properties[name] for name in (key, *_NAMES) if name in properties), None)
    if isinstance(value, dict) and "Fn::Sub" in value:
        text: str = value["Fn::Sub"]
        return text.replace("${AWS::AccountId}", ACCOUNT).replace("${AWS::Region}", REGION)
    return value if isinstance(value, str) else None
