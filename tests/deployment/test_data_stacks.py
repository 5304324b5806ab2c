"""The data stacks by either way: the Serverless Framework, and plain CloudFormation; and what outlives them."""

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
# For its own zips, which there are none of; with a policy that refuses plain HTTP.
FRAMEWORKS_OWN = ("ServerlessDeploymentBucket", "ServerlessDeploymentBucketPolicy")

FRAMEWORKS_TAG = {"Key": "STAGE", "Value": "dev"}


@pytest.fixture(scope="module")
def by_cloudformation(empty_cloud: Callable[[], Cloud]) -> Cloud:
    """What `aws cloudformation deploy` makes of the plain templates: a change set for each, the bus's owner first."""
    made = empty_cloud()
    for name in sorted(SERVICES, key=lambda name: name != deploy.ORCHESTRATOR):
        create(made, name)
    return made


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    framework.insist()
    return framework.copy(tmp_path_factory.mktemp("repository"))


@pytest.fixture(scope="module")
def by_framework(repository: Path, empty_cloud: Callable[[], Cloud]) -> Cloud:
    """What `osls-compose deploy` makes of them."""
    made = empty_cloud()
    framework.deploy_all(repository, made)
    return made


def create(cloud: Cloud, service: str, **further: Any) -> str:
    """The status of a service's data stack after a change set made it."""
    client, name = cloud.client("cloudformation"), f"{service}-resources"
    change = {"StackName": name, "ChangeSetName": "made"}
    client.create_change_set(
        **change,
        ChangeSetType="CREATE",
        TemplateBody=(ROOT / service / "resources.yml").read_text(),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        **further,
    )
    client.get_waiter("change_set_create_complete").wait(**change, WaiterConfig={"Delay": 0.1})
    client.execute_change_set(**change)
    client.get_waiter("stack_exists").wait(StackName=name)
    while (status := client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]).endswith(
        "PROGRESS"
    ):
        time.sleep(cloud.poll_seconds)
    return str(status)


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


def test_both_ways_make_the_same(by_framework: Cloud, by_cloudformation: Cloud) -> None:
    found, wanted = snapshot.of(by_framework), snapshot.of(by_cloudformation)

    # What the framework adds: its tag, a bucket for each service, and the bucket's name for whoever asks.
    found = without(found, FRAMEWORKS_TAG)
    buckets = {
        found["exports"].pop(f"sls-{name}-dev-ServerlessDeploymentBucketName") for name in SERVICES
    }
    assert set(found.pop("buckets")) == buckets
    assert wanted.pop("buckets") == {}
    assert found == wanted
    assert all(wanted[kind] for kind in wanted.keys() - {"roles"})


def test_every_service_that_names_the_bus_comes_after_its_owner() -> None:
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


def test_what_the_framework_removes_is_the_stack_and_not_the_data(
    repository: Path, by_framework: Cloud
) -> None:
    by_framework.client("dynamodb").put_item(TableName="Orders", Item=ITEM)

    framework.remove(repository / "order-service", by_framework)

    assert stacks_of(by_framework).isdisjoint({"order-service-resources"})
    assert orders(by_framework) == [ITEM]


def test_data_outlives_its_stack_and_is_taken_in_by_the_next(by_cloudformation: Cloud) -> None:
    by_cloudformation.client("dynamodb").put_item(TableName="Orders", Item=ITEM)
    by_cloudformation.client("cloudformation").delete_stack(StackName="order-service-resources")
    while "order-service-resources" in stacks_of(by_cloudformation):
        time.sleep(by_cloudformation.poll_seconds)
    left = orders(by_cloudformation)

    assert deploy_again(by_cloudformation, "order-service") == [
        "order-service: tables, queues and rules are there"
    ]

    assert left == orders(by_cloudformation) == [ITEM]


def test_every_table_is_kept_when_its_stack_goes() -> None:
    tables = [
        resource
        for name in SERVICES
        for resource in cfn.read(ROOT / name / "resources.yml")["Resources"].values()
        if resource["Type"] == "AWS::DynamoDB::Table"
    ]

    assert {(table["DeletionPolicy"], table["UpdateReplacePolicy"]) for table in tables} == {
        ("Retain", "Retain")
    }


def plain(service: str) -> dict[str, Any]:
    """The resources of a resources.yml, its tags (!Sub ...) written out; the framework writes DependsOn as a list."""
    resources = json.loads(
        json.dumps(cfn_yaml.load(str(ROOT / service / "resources.yml"))["Resources"])
    )
    for resource in resources.values():
        if isinstance(resource.get("DependsOn"), str):
            resource["DependsOn"] = [resource["DependsOn"]]
    return dict(resources)


def without(found: Any, tag: dict[str, str]) -> Any:
    """The same, less this tag wherever it is."""
    if isinstance(found, dict):
        return {name: without(value, tag) for name, value in found.items()}
    return (
        [without(value, tag) for value in found if value != tag]
        if isinstance(found, list)
        else found
    )


def deploy_again(cloud: Cloud, service: str) -> list[str]:
    """What `make deploy` says of a service's data stack."""
    said: list[str] = []
    deploy.deploy_resources(cloud, service, said.append)
    return said


def stacks_of(cloud: Cloud) -> set[str]:
    found = cloud.client("cloudformation").describe_stacks()["Stacks"]
    return {stack["StackName"] for stack in found if stack["StackStatus"] != "DELETE_COMPLETE"}


def orders(cloud: Cloud) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cloud.client("dynamodb").scan(TableName="Orders")["Items"]
    return found
