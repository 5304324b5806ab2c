"""What goes to prod, as CloudFormation gets it: transformed from SAM."""

import json

import pytest
from samtranslator.translator.managed_policy_translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform

from delivery import canary, packaging
from delivery.paths import ROOT

BUILD = ROOT / "build"


class NoPolicies(ManagedPolicyLoader):
    """The translator asks IAM for names of managed policies. None is used here."""

    def __init__(self):
        super().__init__(None)

    def load(self):
        return {
            "AWSCodeDeployRoleForLambda": (
                "arn:aws:iam::aws:policy/service-role/AWSCodeDeployRoleForLambda"
            )
        }


@pytest.fixture(
    scope="module", params=["cart-service", "checkout-orchestrator", "analytics-service"]
)
def released(request) -> dict:
    template = packaging.package(
        ROOT / request.param, "prod", BUILD / f"{request.param}-prod", BUILD / "wheels"
    )
    document = json.loads(template.read_text())
    for resource in document["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = {"Bucket": "artifacts", "Key": "deployment.zip"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(
            "AWS_DEFAULT_REGION", "us-east-1"
        )  # the translator asks which partition it is in
        return transform(document, {}, NoPolicies())["Resources"]


def of(resources, kind):
    return {name: resource for name, resource in resources.items() if resource["Type"] == kind}


def uris(part) -> list[dict]:
    """The addresses of Lambdas in an API's definition."""
    if isinstance(part, list):
        return [uri for each in part for uri in uris(each)]
    if not isinstance(part, dict):
        return []
    own = [value for name, value in part.items() if name in ("uri", "authorizerUri")]
    return own + [uri for value in part.values() for uri in uris(value)]


def test_every_function_is_released_gradually_and_rolled_back_by_an_alarm(released):
    functions, aliases = of(released, "AWS::Lambda::Function"), of(released, "AWS::Lambda::Alias")
    groups = of(released, "AWS::CodeDeploy::DeploymentGroup")

    assert len(functions) == len(aliases) == len(groups) > 2
    for alias in aliases.values():
        assert "CodeDeployLambdaAliasUpdate" in alias["UpdatePolicy"]
    for group in groups.values():
        monitored = [
            alarm["Name"]["Ref"] for alarm in group["Properties"]["AlarmConfiguration"]["Alarms"]
        ]
        assert monitored
        assert all(released[name]["Type"] == "AWS::CloudWatch::Alarm" for name in monitored)
        assert (
            "DEPLOYMENT_STOP_ON_ALARM" in group["Properties"]["AutoRollbackConfiguration"]["Events"]
        )
        assert "Canary10Percent5Minutes" in json.dumps(group["Properties"]["DeploymentConfigName"])


def test_each_caller_of_a_function_calls_its_alias(released):
    aliases = set(of(released, "AWS::Lambda::Alias"))
    permissions = of(released, "AWS::Lambda::Permission").values()
    mappings = of(released, "AWS::Lambda::EventSourceMapping").values()
    for caller in [*permissions, *mappings]:
        assert caller["Properties"]["FunctionName"].get("Ref") in aliases, caller
    for api in of(released, "AWS::ApiGateway::RestApi").values():
        called = {uri["Fn::Sub"][1]["Called"]["Ref"] for uri in uris(api["Properties"]["Body"])}
        assert called <= aliases
        assert len(called) == 2  # the API's function, and the authorizer
    for rule in of(released, "AWS::Events::Rule").values():
        for target in rule["Properties"]["Targets"]:
            assert target["Arn"].get("Ref") in aliases


def test_what_a_role_may_invoke_is_an_alias(released):
    statements = [
        statement
        for role in of(released, "AWS::IAM::Role").values()
        for policy in role["Properties"].get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
        if "lambda:InvokeFunction" in statement["Action"]
    ]
    for statement in statements:
        assert all(arn["Fn::Sub"].endswith(":live") for arn in statement["Resource"])


@pytest.mark.parametrize(
    ("name", "runtime", "starts"),
    [
        ("APIHandler", "python3.11", False),
        ("APIHandler", "python3.13", True),
        ("Authorizer", "python3.13", True),
        ("OnNotification", "python3.13", False),
    ],
)
def test_lambdas_that_a_customer_waits_for_start_from_snapshots(name, runtime, starts):
    function = {
        "Type": "AWS::Serverless::Function",
        "Properties": {"FunctionName": "f", "Runtime": runtime, "Environment": {"Variables": {}}},
    }
    template = {"Resources": {name: function}}

    canary.shift_gradually(template)

    assert ("SnapStart" in function["Properties"]) is starts


def test_a_stage_without_aliases_calls_functions_by_their_names():
    assert [canary.alias_of(stage) for stage in ("local", "dev", "prod")] == ["", "", ":live"]
