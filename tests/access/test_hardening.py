"""What every service's data has against loss and eavesdroppers, in all six templates."""

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
LISTED = {"AWS::SQS::Queue": "Queues", "AWS::SNS::Topic": "Topics"}
KEPT = (
    "AWS::DynamoDB::Table",
    "AWS::SecretsManager::Secret",
    "AWS::Events::EventBus",
    "AWS::CloudTrail::Trail",
    "AWS::S3::Bucket",
)


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


def refuses_the_clear(statement: dict[str, Any]) -> bool:
    return (statement["Effect"], statement["Principal"]) == ("Deny", "*") and statement[
        "Condition"
    ] == {"Bool": {"aws:SecureTransport": "false"}}


def policies(found: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The policies of a queue or topic; one at most has an effect on AWS, the last that was deployed."""
    held = [
        each["Properties"]
        for each in found.values()
        if each["Type"] in ("AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy")
    ]
    return [
        policy for policy in held if {"Ref": name} in policy.get(LISTED[found[name]["Type"]], [])
    ]


@pytest.mark.parametrize(("found", "name"), declared("AWS::DynamoDB::Table"))
def test_a_table_is_encrypted_and_can_be_brought_back_to_any_minute(found, name):
    properties = found[name]["Properties"]

    assert properties["SSESpecification"] == {"SSEEnabled": True}
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


@pytest.mark.parametrize(("found", "name"), declared(*KEPT))
def test_data_and_keys_outlive_their_stack(found, name):
    assert (found[name]["DeletionPolicy"], found[name]["UpdateReplacePolicy"]) == (
        "Retain",
        "Retain",
    )


@pytest.mark.parametrize(("found", "name"), declared("AWS::SQS::Queue"))
def test_a_queue_is_encrypted(found, name):
    assert found[name]["Properties"]["SqsManagedSseEnabled"] is True


@pytest.mark.parametrize(("found", "name"), declared("AWS::SNS::Topic"))
def test_a_topic_is_encrypted_unless_alarms_come_over_it(found, name):
    """CloudWatch cannot use the key of SNS, and an alarm is silent then: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html"""
    (policy,) = policies(found, name)
    heard = [
        each["Principal"]
        for each in policy["PolicyDocument"]["Statement"]
        if each["Effect"] == "Allow"
    ]

    encrypted = found[name]["Properties"].get("KmsMasterKeyId") == "alias/aws/sns"
    assert encrypted != bool(heard), "an AWS service publishes here"


@pytest.mark.parametrize(("found", "name"), declared("AWS::SQS::Queue", "AWS::SNS::Topic"))
def test_nobody_talks_to_a_queue_or_a_topic_in_the_clear(found, name):
    (policy,) = policies(found, name)
    refusals = [each for each in policy["PolicyDocument"]["Statement"] if refuses_the_clear(each)]

    (refusal,) = refusals
    arn = (
        {"Fn::GetAtt": [name, "Arn"]} if found[name]["Type"] == "AWS::SQS::Queue" else {"Ref": name}
    )
    assert refusal["Action"] in ("sqs:*", "sns:Publish")
    assert arn == refusal["Resource"] or arn in refusal["Resource"]


@pytest.mark.parametrize(("found", "name"), declared("AWS::Events::EventBus"))
def test_nobody_puts_an_event_on_the_bus_in_the_clear(found, name):
    held = [
        each["Properties"]
        for each in found.values()
        if each["Type"] == "AWS::Events::EventBusPolicy"
    ]

    assert [each["EventBusName"] for each in held if refuses_the_clear(each["Statement"])] == [
        {"Ref": name}
    ]


@pytest.mark.parametrize(
    ("found", "name"),
    declared("AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy", "AWS::Events::EventBusPolicy"),
)
def test_whom_a_policy_lets_in_is_a_service_that_acts_for_the_shop(found, name):
    properties = found[name]["Properties"]
    statements = (
        properties["PolicyDocument"]["Statement"]
        if "PolicyDocument" in properties
        else [properties["Statement"]]
    )

    for statement in statements:
        if statement["Effect"] == "Allow":
            assert set(statement["Principal"]) == {"Service"}
            assert re.search("aws:SourceArn|aws:SourceAccount", json.dumps(statement["Condition"]))


@pytest.mark.parametrize(("found", "name"), declared("AWS::S3::Bucket"))
def test_a_bucket_is_encrypted_shows_the_public_nothing_and_keeps_nothing_for_ever(found, name):
    properties = found[name]["Properties"]
    (policy,) = (
        each["Properties"]["PolicyDocument"]["Statement"]
        for each in found.values()
        if each["Type"] == "AWS::S3::BucketPolicy" and each["Properties"]["Bucket"] == {"Ref": name}
    )

    assert properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] >= 365
    assert [each["Action"] for each in policy if refuses_the_clear(each)] == ["s3:*"]


@pytest.mark.parametrize(("found", "name"), declared("AWS::CloudTrail::Trail"))
def test_who_changes_roles_reads_secrets_or_makes_an_admin_is_written_down_where_it_cannot_be_altered(
    found, name
):
    properties = found[name]["Properties"]
    chosen = [
        {each["Field"]: each for each in selector["FieldSelectors"]}
        for selector in properties["AdvancedEventSelectors"]
    ]
    management, operators = chosen

    assert properties["IsLogging"]
    assert properties["IsMultiRegionTrail"]
    assert properties["EnableLogFileValidation"]
    assert management["eventCategory"]["Equals"] == ["Management"]
    assert not {"secretsmanager.amazonaws.com", "iam.amazonaws.com"} & set(
        management["eventSource"]["NotEquals"]
    )
    assert {"-grant-role", "-grant-role:live"} <= set(operators["resources.ARN"]["EndsWith"])


@pytest.mark.parametrize(("found", "name"), declared("AWS::CloudWatch::Alarm"))
def test_an_alarm_calls_somebody(found, name):
    assert "commerce-alarms" in str(found[name]["Properties"]["AlarmActions"]) or found[name][
        "Properties"
    ]["AlarmActions"] == [{"Ref": "AlarmTopic"}]


@pytest.mark.parametrize(("found", "name"), declared("AWS::StepFunctions::StateMachine"))
def test_a_saga_is_traced_and_its_log_holds_nothing_of_its_customer(found, name):
    properties = found[name]["Properties"]

    assert properties["TracingConfiguration"] == {"Enabled": True}
    assert properties["LoggingConfiguration"]["Fn::If"][1]["IncludeExecutionData"] is False


@pytest.mark.parametrize(("found", "name"), declared("AWS::Logs::LogGroup"))
def test_a_log_ends(found, name):
    assert found[name]["Properties"]["RetentionInDays"] <= 90


@pytest.mark.parametrize(("found", "name"), declared("AWS::SecretsManager::Secret"))
def test_no_secret_has_its_value_in_a_template(found, name):
    assert not {"SecretString", "GenerateSecretString"} & set(found[name]["Properties"])


@pytest.mark.parametrize("service", SERVICES)
def test_no_setting_of_a_lambda_is_a_secret(service):
    config = json.loads((ROOT / service / ".chalice/config.json").read_text())
    told = [config, *config["stages"].values()]
    names = {name for each in told for name in each.get("environment_variables", {})}

    assert {
        name for name in names if re.search("SECRET|KEY|CREDENTIAL|PASSWORD$|TOKEN$", name)
    } == set()


@pytest.mark.parametrize(("found", "name"), declared("AWS::WAFv2::WebACL"))
def test_the_firewall_knows_the_usual_attacks_and_how_often_a_customer_can_ask(found, name):
    properties = found[name]["Properties"]
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


@pytest.mark.parametrize(("found", "name"), declared("AWS::WAFv2::WebACL"))
def test_the_firewall_keeps_no_copies_of_requests_which_carry_tokens(found, name):
    said = json.dumps(found[name])

    assert '"SampledRequestsEnabled": true' not in said
    assert said.count('"SampledRequestsEnabled": false') == 1 + len(
        found[name]["Properties"]["Rules"]
    )
