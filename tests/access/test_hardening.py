"""Encryption, TLS, retention and logging in the templates of all services."""

import json
import re
from typing import Any

import pytest
import yaml

from delivery.cfn import CloudFormation
from delivery.paths import ROOT, SERVICES

TEMPLATES = sorted(
    path
    for name in SERVICES
    for path in (ROOT / name).glob("*.yml")
    if path.stem in ("resources", "state-machine")
)
CODE = sorted(ROOT / name / ".chalice/merge.json" for name in SERVICES)
POLICY_TARGETS = {"AWS::SQS::Queue": "Queues", "AWS::SNS::Topic": "Topics"}
RETAINED = (
    "AWS::DynamoDB::Table",
    "AWS::SecretsManager::Secret",
    "AWS::Events::EventBus",
    "AWS::Events::Archive",
)
AUDITED = ("AWS::CloudTrail::Trail", "AWS::S3::Bucket")


def declared(*types: str) -> list[Any]:
    """Each resource of these types, with the template that it is in."""
    return [
        pytest.param(resources(template), name, id=f"{template.parent.name}:{name}")
        for template in TEMPLATES
        for name, resource in resources(template).items()
        if resource["Type"] in types
    ]


def resources(template) -> dict[str, Any]:
    return yaml.load(template.read_text(), Loader=CloudFormation)["Resources"]


def requires_tls(statement: dict[str, Any]) -> bool:
    return (statement["Effect"], statement["Principal"]) == ("Deny", "*") and statement[
        "Condition"
    ] == {"Bool": {"aws:SecureTransport": "false"}}


def policies(stack: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The policies of a queue or topic. On AWS only the last deployed one counts."""
    held = [
        each["Properties"]
        for each in stack.values()
        if each["Type"] in ("AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy")
    ]
    return [
        policy
        for policy in held
        if {"Ref": name} in policy.get(POLICY_TARGETS[stack[name]["Type"]], [])
    ]


@pytest.mark.parametrize(("stack", "name"), declared("AWS::DynamoDB::Table"))
def test_a_table_is_encrypted_with_point_in_time_recovery(stack, name):
    properties = stack[name]["Properties"]

    assert properties["SSESpecification"] == {"SSEEnabled": True}
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


@pytest.mark.parametrize(("stack", "name"), declared(*RETAINED, *AUDITED))
def test_data_and_keys_outlive_their_stack(stack, name):
    """With their contents. Those of a failed first deployment are empty."""
    policy = "Retain" if stack[name]["Type"] in AUDITED else "RetainExceptOnCreate"

    assert (stack[name]["DeletionPolicy"], stack[name]["UpdateReplacePolicy"]) == (policy, "Retain")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: f"{path.parent.name}:{path.stem}")
def test_a_failed_first_deployment_leaves_no_name_taken(template):
    """Except the record of what happened, which the next one imports by its names."""
    retained = {
        resource["Type"]
        for resource in resources(template).values()
        if resource.get("DeletionPolicy") == "Retain"
    }

    assert retained <= {*AUDITED, "AWS::S3::BucketPolicy"}


@pytest.mark.parametrize(("stack", "name"), declared("AWS::SQS::Queue"))
def test_a_queue_is_encrypted(stack, name):
    assert stack[name]["Properties"]["SqsManagedSseEnabled"] is True


@pytest.mark.parametrize(("stack", "name"), declared("AWS::SNS::Topic"))
def test_a_topic_is_encrypted_unless_it_is_for_alarms(stack, name):
    """CloudWatch cannot use the key of SNS, so that an alarm would be lost.

    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    """
    (policy,) = policies(stack, name)
    publishers = [
        each["Principal"]
        for each in policy["PolicyDocument"]["Statement"]
        if each["Effect"] == "Allow"
    ]

    encrypted = stack[name]["Properties"].get("KmsMasterKeyId") == "alias/aws/sns"
    assert encrypted != bool(publishers), "an AWS service publishes here"


@pytest.mark.parametrize(("stack", "name"), declared("AWS::SQS::Queue", "AWS::SNS::Topic"))
def test_a_queue_or_topic_requires_tls(stack, name):
    (policy,) = policies(stack, name)
    denials = [each for each in policy["PolicyDocument"]["Statement"] if requires_tls(each)]

    (denial,) = denials
    assert denial["Action"] in ("sqs:*", "sns:Publish")
    assert denial["Resource"] == (
        "*" if stack[name]["Type"] == "AWS::SQS::Queue" else {"Ref": name}
    )


@pytest.mark.parametrize(("stack", "name"), declared("AWS::SQS::QueuePolicy"))
def test_a_queue_policy_speaks_of_its_own_queue(stack, name):
    """SQS may refuse one that names another queue. `*` is the policy's own queue."""
    statements = stack[name]["Properties"]["PolicyDocument"]["Statement"]

    assert {each["Resource"] for each in statements} == {"*"}


@pytest.mark.parametrize(("stack", "name"), declared("AWS::Events::EventBus"))
def test_the_bus_is_open_to_this_account_only(stack, name):
    """Without a policy it is. EventBridge may refuse one that only denies."""
    assert "AWS::Events::EventBusPolicy" not in {each["Type"] for each in stack.values()}
    assert "Policy" not in stack[name]["Properties"]


@pytest.mark.parametrize(
    ("stack", "name"), declared("AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy")
)
def test_a_policy_allows_only_services_acting_for_the_shop(stack, name):
    for statement in stack[name]["Properties"]["PolicyDocument"]["Statement"]:
        if statement["Effect"] == "Allow":
            assert set(statement["Principal"]) == {"Service"}
            assert re.search("aws:SourceArn|aws:SourceAccount", json.dumps(statement["Condition"]))


@pytest.mark.parametrize(("stack", "name"), declared("AWS::S3::Bucket"))
def test_a_bucket_is_encrypted_private_and_expires(stack, name):
    properties = stack[name]["Properties"]
    (policy,) = (
        each["Properties"]["PolicyDocument"]["Statement"]
        for each in stack.values()
        if each["Type"] == "AWS::S3::BucketPolicy" and each["Properties"]["Bucket"] == {"Ref": name}
    )

    assert properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] >= 365
    assert [each["Action"] for each in policy if requires_tls(each)] == ["s3:*"]


@pytest.mark.parametrize(("stack", "name"), declared("AWS::CloudTrail::Trail"))
def test_changes_of_rights_and_reads_of_secrets_are_trailed(stack, name):
    properties = stack[name]["Properties"]
    selectors = [
        {each["Field"]: each for each in selector["FieldSelectors"]}
        for selector in properties["AdvancedEventSelectors"]
    ]
    management, operators = selectors

    assert properties["IsLogging"]
    assert properties["IsMultiRegionTrail"]
    assert properties["EnableLogFileValidation"]
    assert management["eventCategory"]["Equals"] == ["Management"]
    assert not {"secretsmanager.amazonaws.com", "iam.amazonaws.com"} & set(
        management["eventSource"]["NotEquals"]
    )
    assert {"-grant-role", "-grant-role:live"} <= set(operators["resources.ARN"]["EndsWith"])


@pytest.mark.parametrize(("stack", "name"), declared("AWS::CloudWatch::Alarm"))
def test_an_alarm_notifies_the_team(stack, name):
    assert "commerce-alarms" in str(stack[name]["Properties"]["AlarmActions"]) or stack[name][
        "Properties"
    ]["AlarmActions"] == [{"Ref": "AlarmTopic"}]


@pytest.mark.parametrize(("stack", "name"), declared("AWS::StepFunctions::StateMachine"))
def test_a_saga_is_traced_and_logged_without_its_data(stack, name):
    properties = stack[name]["Properties"]

    assert properties["TracingConfiguration"] == {"Enabled": True}
    assert properties["LoggingConfiguration"]["Fn::If"][1]["IncludeExecutionData"] is False


@pytest.mark.parametrize(("stack", "name"), declared("AWS::Logs::LogGroup"))
def test_a_log_expires(stack, name):
    assert stack[name]["Properties"]["RetentionInDays"] <= 90


@pytest.mark.parametrize(("stack", "name"), declared("AWS::SecretsManager::Secret"))
def test_no_secret_has_its_value_in_a_template(stack, name):
    assert not {"SecretString", "GenerateSecretString"} & set(stack[name]["Properties"])


@pytest.mark.parametrize("service", SERVICES)
def test_no_setting_of_a_lambda_is_a_secret(service):
    config = json.loads((ROOT / service / ".chalice/config.json").read_text())
    levels = [config, *config["stages"].values()]
    names = {name for each in levels for name in each.get("environment_variables", {})}

    assert {
        name for name in names if re.search("SECRET|KEY|CREDENTIAL|PASSWORD$|TOKEN$", name)
    } == set()


@pytest.mark.parametrize(("stack", "name"), declared("AWS::WAFv2::WebACL"))
def test_the_firewall_has_managed_rules_and_rate_limits(stack, name):
    properties = stack[name]["Properties"]
    rules = {rule["Name"]: rule["Statement"] for rule in properties["Rules"]}
    groups = {
        each["ManagedRuleGroupStatement"]["Name"]
        for each in rules.values()
        if "ManagedRuleGroupStatement" in each
    }

    assert groups == {
        "AWSManagedRulesCommonRuleSet",
        "AWSManagedRulesKnownBadInputsRuleSet",
        "AWSManagedRulesAmazonIpReputationList",
    }
    assert (
        rules["guesses"]["RateBasedStatement"]["Limit"]
        < rules["floods"]["RateBasedStatement"]["Limit"]
    )


@pytest.mark.parametrize(("stack", "name"), declared("AWS::WAFv2::WebACL"))
def test_only_the_gateways_may_flood_and_only_with_webhooks(stack, name):
    (floods,) = (rule for rule in stack[name]["Properties"]["Rules"] if rule["Name"] == "floods")
    exempt = floods["Statement"]["RateBasedStatement"]["ScopeDownStatement"]["NotStatement"]

    path, source = exempt["Statement"]["AndStatement"]["Statements"]

    assert path["ByteMatchStatement"]["SearchString"] == "/checkout/webhooks/"
    assert "GatewayAddressSet" in str(source["IPSetReferenceStatement"]["Arn"])


@pytest.mark.parametrize(("stack", "name"), declared("AWS::WAFv2::WebACL"))
def test_the_firewall_samples_no_requests(stack, name):
    text = json.dumps(stack[name])

    assert '"SampledRequestsEnabled": true' not in text
    assert text.count('"SampledRequestsEnabled": false') == 1 + len(
        stack[name]["Properties"]["Rules"]
    )


def test_managed_rules_of_the_firewall_only_count_at_first():
    """They refuse more than attacks: a stage blocks once their metrics are known."""
    template = yaml.load(
        (ROOT / "checkout-orchestrator/resources.yml").read_text(), Loader=CloudFormation
    )
    rules = template["Resources"]["Firewall"]["Properties"]["Rules"]
    managed = [rule for rule in rules if "ManagedRuleGroupStatement" in rule["Statement"]]

    assert template["Parameters"]["ManagedRules"]["Default"] == "Count"
    assert managed
    assert {str(rule["OverrideAction"]) for rule in managed} == {
        str({"Fn::If": ["ManagedRulesBlock", {"None": {}}, {"Count": {}}]})
    }


def test_exempt_addresses_pass_the_limits_but_not_the_managed_rules():
    rules = resources(ROOT / "checkout-orchestrator/resources.yml")["Firewall"]["Properties"]
    order = [rule["Name"] for rule in sorted(rules["Rules"], key=lambda rule: rule["Priority"])]
    limits = [rule["Name"] for rule in rules["Rules"] if "RateBasedStatement" in rule["Statement"]]

    assert order[order.index("exempt") + 1 :] == limits
