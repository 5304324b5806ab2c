"""Data stacks by the Serverless Framework and by CloudFormation."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from cfnlint.decode import cfn_yaml

from delivery import cfn, deploy
from delivery.clouds import Cloud
from delivery.paths import ROOT, SERVICES
from tests.deployment import framework, snapshot

ITEM = {"orderId": {"S": "ORDER#01JA2M9Q6T0000000000000000"}, "status": {"S": "CONFIRMED"}}
# The framework's own bucket, which stays empty.
FRAMEWORKS_OWN = ("ServerlessDeploymentBucket", "ServerlessDeploymentBucketPolicy")

FRAMEWORKS_TAG = {"Key": "STAGE", "Value": "dev"}


@pytest.fixture(scope="module")
def by_cloudformation(empty_cloud: Callable[[], Cloud]) -> Cloud:
    """A cloud with the data stacks created by change sets, the bus's owner first."""
    cloud = empty_cloud()
    for name in sorted(SERVICES, key=lambda name: name != deploy.ORCHESTRATOR):
        create_stack(cloud, name)
    return cloud


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    framework.require_node()
    return framework.copy(tmp_path_factory.mktemp("repository"))


@pytest.fixture(scope="module")
def by_framework(repository: Path, empty_cloud: Callable[[], Cloud]) -> Cloud:
    """A cloud with the data stacks created by `osls-compose deploy`."""
    cloud = empty_cloud()
    framework.deploy_all(repository, cloud)
    return cloud


def create_stack(cloud: Cloud, service: str) -> None:
    """Create a service's data stack by a change set."""
    client, name = cloud.client("cloudformation"), f"{service}-resources"
    # Without its comments: CloudFormation takes 51,200 bytes in a request.
    lines = (ROOT / service / "resources.yml").read_text().splitlines(keepends=True)
    template = "".join(line for line in lines if not line.lstrip().startswith("#"))
    change = {"StackName": name, "ChangeSetName": "made"}
    client.create_change_set(
        **change,
        ChangeSetType="CREATE",
        TemplateBody=template,
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    client.get_waiter("change_set_create_complete").wait(**change, WaiterConfig={"Delay": 0.1})
    client.execute_change_set(**change)
    client.get_waiter("stack_exists").wait(StackName=name)
    while client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"].endswith("PROGRESS"):
        time.sleep(cloud.poll_seconds)


def test_the_framework_packages_the_plain_templates_without_a_network(repository: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(framework.package, [repository / name for name in SERVICES]))

    for name in SERVICES:
        packaged = json.loads(
            (
                repository / name / ".serverless/cloudformation-template-update-stack.json"
            ).read_text()
        )
        theirs = {
            key: value for key, value in packaged["Resources"].items() if key not in FRAMEWORKS_OWN
        }
        assert theirs == plain(name), name


def test_both_tools_create_the_same_resources(
    by_framework: Cloud, by_cloudformation: Cloud
) -> None:
    actual, expected = snapshot.take(by_framework), snapshot.take(by_cloudformation)

    # What the framework adds: its tag, a bucket for each service, and an export of its name.
    actual = without(actual, FRAMEWORKS_TAG)
    buckets = {
        actual["exports"].pop(f"sls-{name}-dev-ServerlessDeploymentBucketName") for name in SERVICES
    }
    assert buckets <= set(actual["buckets"])
    for name in buckets:
        del actual["buckets"][name]
    assert actual == expected
    assert all(expected[kind] for kind in expected.keys() - {"roles"})


def test_the_framework_keeps_the_addresses_of_a_stack(
    repository: Path, empty_cloud: Callable[[], Cloud]
) -> None:
    """Alarms go on to whom they went, though this deployment does not name anybody."""
    cloud, folder = empty_cloud(), repository / deploy.ORCHESTRATOR

    framework.deploy(folder, cloud, framework.PARAMETERS)
    framework.deploy(folder, cloud, {})

    subscriptions = cloud.client("sns").list_subscriptions()["Subscriptions"]
    mails = {each["Endpoint"] for each in subscriptions if each["Protocol"] == "email"}
    assert mails == {value for value in framework.PARAMETERS.values() if "@" in value}


def test_services_with_rules_on_the_bus_depend_on_its_owner() -> None:
    order = yaml.safe_load((ROOT / "serverless-compose.yml").read_text())["services"]

    naming = {
        name
        for name in SERVICES
        for resource in cfn.read(ROOT / name / "resources.yml")["Resources"].values()
        if resource.get("Properties", {}).get("EventBusName")
    } - {deploy.ORCHESTRATOR}

    assert set(order) == set(SERVICES)
    assert naming
    for name in naming:
        assert deploy.ORCHESTRATOR in order[name].get("dependsOn", []), name


def test_the_framework_removes_the_stack_and_not_the_data(
    repository: Path, by_framework: Cloud
) -> None:
    by_framework.client("dynamodb").put_item(TableName="Orders", Item=ITEM)

    framework.remove(repository / "order-service", by_framework)

    assert stacks_of(by_framework).isdisjoint({"order-service-resources"})
    assert items(by_framework, "Orders") == [ITEM]


def test_a_table_outlives_its_stack_and_the_next_stack_imports_it(by_cloudformation: Cloud) -> None:
    """That of cart-service: the emulator imports no bucket."""
    item = {"userId": {"S": "USER#1"}, "productId": {"S": "PROD#1"}}
    by_cloudformation.client("dynamodb").put_item(TableName="Carts", Item=item)
    by_cloudformation.client("cloudformation").delete_stack(StackName="cart-service-resources")
    while "cart-service-resources" in stacks_of(by_cloudformation):
        time.sleep(by_cloudformation.poll_seconds)
    left = items(by_cloudformation, "Carts")

    assert deploy_again(by_cloudformation, "cart-service") == [
        "cart-service: tables, queues and rules are there"
    ]

    assert left == items(by_cloudformation, "Carts") == [item]


def test_every_table_is_retained_when_its_stack_is_deleted() -> None:
    tables = [
        resource
        for name in SERVICES
        for resource in cfn.read(ROOT / name / "resources.yml")["Resources"].values()
        if resource["Type"] == "AWS::DynamoDB::Table"
    ]

    assert {(table["DeletionPolicy"], table["UpdateReplacePolicy"]) for table in tables} == {
        ("RetainExceptOnCreate", "Retain")
    }


def plain(service: str) -> dict[str, Any]:
    """The resources of a resources.yml as the framework writes them."""
    resources = json.loads(
        json.dumps(cfn_yaml.load(str(ROOT / service / "resources.yml"))["Resources"])
    )
    for resource in resources.values():
        if isinstance(resource.get("DependsOn"), str):
            resource["DependsOn"] = [resource["DependsOn"]]
    return dict(resources)


def without(part: Any, tag: dict[str, str]) -> Any:
    """The same without this tag."""
    if isinstance(part, dict):
        return {name: without(value, tag) for name, value in part.items()}
    return (
        [without(value, tag) for value in part if value != tag] if isinstance(part, list) else part
    )


def deploy_again(cloud: Cloud, service: str) -> list[str]:
    """Deploy a service's data stack as `make deploy` does. Returns its output."""
    lines: list[str] = []
    deploy.deploy_resources(cloud, service, "dev", lines.append)
    return lines


def stacks_of(cloud: Cloud) -> set[str]:
    stacks = cloud.client("cloudformation").describe_stacks()["Stacks"]
    return {stack["StackName"] for stack in stacks if stack["StackStatus"] != "DELETE_COMPLETE"}


def items(cloud: Cloud, table: str) -> list[dict[str, Any]]:
    stored: list[dict[str, Any]] = cloud.client("dynamodb").scan(TableName=table)["Items"]
    return stored
