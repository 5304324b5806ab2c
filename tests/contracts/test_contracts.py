"""What services know of each other, checked against the owners."""

import importlib
import json
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import yaml
from chalice.cli.factory import CLIFactory
from pynamodb.attributes import Attribute
from pynamodb.indexes import Index
from pynamodb.models import Model

from common import events
from delivery.cfn import CloudFormation
from delivery.paths import ROOT, SERVICES
from docgen import contracts, event_page
from testkit import mutations
from testkit.access_matrix import RIGHTS


@cache
def template(service: str) -> dict[str, Any]:
    return yaml.load((ROOT / service / "resources.yml").read_text(), Loader=CloudFormation)


def resources(service: str, kind: str) -> list[dict[str, Any]]:
    return [
        resource["Properties"]
        for resource in template(service)["Resources"].values()
        if resource["Type"] == kind
    ]


@cache
def tables() -> dict[str, tuple[str, dict[str, Any]]]:
    """Each table's owner and its properties in the owner's template."""
    return {
        properties["TableName"]: (service, properties)
        for service in SERVICES
        for properties in resources(service, "AWS::DynamoDB::Table")
    }


@cache
def models() -> tuple[tuple[str, type[Model]], ...]:
    """Every PynamoDB model of every service."""
    return tuple((service, model) for service in SERVICES for model in service_models(service))


def service_models(service: str) -> Iterator[type[Model]]:
    root = ROOT / service
    sys.path[:0] = [path for path in (str(root), str(ROOT / "common")) if path not in sys.path]
    importlib.invalidate_caches()
    yield from contracts.models(service)


def attributes(model: type[Model]) -> dict[str, Attribute]:
    return {attribute.attr_name: attribute for attribute in model.get_attributes().values()}


def indexes(model: type[Model]) -> dict[str, Index]:
    return {index.Meta.index_name: index for index in model._indexes.values()}


def read_models() -> list[tuple[str, type[Model]]]:
    return [
        (service, model)
        for service, model in models()
        if tables()[model.Meta.table_name][0] != service
    ]


def owned_models() -> list[tuple[str, type[Model]]]:
    return [
        (service, model)
        for service, model in models()
        if tables()[model.Meta.table_name][0] == service
    ]


def test_every_table_has_one_owner():
    owners = {name: owner for name, (owner, _) in tables().items()}
    declared = [
        table["TableName"]
        for service in SERVICES
        for table in resources(service, "AWS::DynamoDB::Table")
    ]

    assert sorted(declared) == sorted(owners)  # none twice
    assert (
        owners.items()
        >= {
            "Users": "user-service",
            "Sessions": "user-service",
            "Attempts": "user-service",
            "AccountMails": "user-service",
            "Products": "product-service",
            "Inventory": "product-service",
            "Reservations": "product-service",
            "StockMovements": "product-service",
            "Carts": "cart-service",
            "Orders": "order-service",
            "Payments": "checkout-orchestrator",
            "Notifications": "checkout-orchestrator",
            "InventoryAudit": "checkout-orchestrator",
            "GatewayEvents": "checkout-orchestrator",
            "EventLogs": "analytics-service",
            "Reports": "analytics-service",
        }.items()
    )


def test_every_read_model_reads_what_the_owner_writes():
    owned: dict[str, dict[str, Attribute]] = {}
    for _, model in owned_models():
        owned.setdefault(model.Meta.table_name, {}).update(attributes(model))

    assert read_models()
    for service, model in read_models():
        known = owned[model.Meta.table_name]
        for name, attribute in attributes(model).items():
            assert name in known, (
                f"{service} reads {model.Meta.table_name}.{name}, which its owner does not write"
            )
            assert attribute.attr_type == known[name].attr_type, (
                f"{service}: {model.Meta.table_name}.{name}"
            )


def test_every_model_has_the_keys_and_indexes_of_its_table():
    for service, model in models():
        _, properties = tables()[model.Meta.table_name]
        assert keys(model) == key_schema(properties), f"{service}: {model.Meta.table_name}"
        real = {
            index["IndexName"]: key_schema(index)
            for index in properties.get("GlobalSecondaryIndexes", [])
        }
        for name, index in indexes(model).items():
            assert keys(index) == real[name], f"{service}: {model.Meta.table_name}.{name}"


def keys(source: type[Model] | Index) -> list[str]:
    """The hash key and, if there is one, the range key."""
    ordered = sorted(source._get_schema()["key_schema"], key=lambda key: key["KeyType"] != "HASH")
    return [key["AttributeName"] for key in ordered]


def key_schema(properties: dict[str, Any]) -> list[str]:
    ordered = sorted(properties["KeySchema"], key=lambda key: key["KeyType"] != "HASH")
    return [key["AttributeName"] for key in ordered]


def test_no_read_model_is_written_through():
    """No policy of a service allows a write to another service's table."""
    for service in SERVICES:
        for path in (ROOT / service / ".chalice").glob("policy*.json"):
            for statement in json.loads(path.read_text())["Statement"]:
                writes = {action for action in as_list(statement["Action"]) if is_write(action)}
                foreign = {
                    table for table in named_tables(statement) if tables()[table][0] != service
                }
                assert not (writes and foreign), (
                    f"{path.name} of {service} may {writes} on {foreign}"
                )


def is_write(action: str) -> bool:
    words = ("Put", "Update", "Delete", "Write", "*")
    return action.startswith("dynamodb:") and any(word in action for word in words)


def named_tables(statement: dict[str, Any]) -> set[str]:
    arns = [arn for arn in as_list(statement["Resource"]) if ":table/" in arn]
    return {arn.split(":table/")[1].split("/")[0] for arn in arns}


def as_list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def test_no_policy_allows_everything():
    # Actions without resources: a task token, a phone number and an address have no ARN.
    unbounded = {
        "logs",
        "xray",
        "ses",
        "sns:Publish",
        "states:SendTaskSuccess",
        "states:SendTaskFailure",
        "dynamodb:ListStreams",
    }
    for service in SERVICES:
        for path in (ROOT / service / ".chalice").glob("policy*.json"):
            for statement in json.loads(path.read_text())["Statement"]:
                assert "*" not in as_list(statement["Action"])
                if "*" in as_list(statement["Resource"]):
                    outside = {
                        a
                        for a in as_list(statement["Action"])
                        if a not in unbounded and a.split(":")[0] not in unbounded
                    }
                    assert not outside, f"{path.name} of {service}: {outside} on *"


@pytest.mark.parametrize("service", SERVICES)
def test_every_function_has_its_policy_on_every_stage(service):
    written = json.loads((ROOT / service / ".chalice/config.json").read_text())
    for stage in written["stages"]:
        config = CLIFactory(str(ROOT / service)).create_config_obj(chalice_stage_name=stage)
        assert not config.autogen_policy
        for name, settings in written["lambda_functions"].items():
            policy = config.scope(stage, name).iam_policy_file
            assert policy == settings.get("iam_policy_file", written.get("iam_policy_file")), (
                f"{stage}: {name}"
            )
            assert (ROOT / service / ".chalice" / policy).is_file()


def rules() -> list[dict[str, Any]]:
    return [
        rule
        for service in SERVICES
        for rule in resources(service, "AWS::Events::Rule")
        if "EventPattern" in rule
    ]


def test_every_rule_matches_registered_events_only():
    consumed = set()
    for rule in rules():
        kinds = [events.REGISTRY[name] for name in rule["EventPattern"]["detail-type"]]
        assert rule["EventPattern"] == events.pattern(*kinds)
        consumed |= {kind.detail_type for kind in kinds}

    assert {"OrderCreated", "OrderCancelled", "PaymentSuccess", "order.done"} <= consumed


def test_every_rule_and_queue_has_a_dead_letter_queue_with_an_alarm():
    for rule in rules():
        assert all("DeadLetterConfig" in target for target in rule["Targets"]), rule["Name"]
    for service in SERVICES:
        names = {queue["QueueName"] for queue in resources(service, "AWS::SQS::Queue")}
        alarms = json.dumps(resources(service, "AWS::CloudWatch::Alarm"))
        for queue in resources(service, "AWS::SQS::Queue"):
            if not queue["QueueName"].endswith("-dlq"):
                assert "RedrivePolicy" in queue, queue["QueueName"]
                assert f"{queue['QueueName']}-dlq" in names
                assert f"{queue['QueueName']}-dlq" in alarms


def test_every_alarm_has_the_alarm_topic():
    """commerce-notifications filters by audience, which an alarm has not."""
    for service in SERVICES:
        for alarm in resources(service, "AWS::CloudWatch::Alarm"):
            actions = json.dumps(alarm.get("AlarmActions", []))
            assert "AlarmTopic" in actions or "commerce-alarms" in actions, alarm["AlarmName"]


def test_every_mutation_of_the_list_fits_the_code():
    all_mutations = mutations.load_mutations()
    assert len(all_mutations) > 50
    assert [mutation.name for mutation in all_mutations if not mutation.fits()] == []


def test_the_pages_about_events_are_up_to_date():
    assert event_page.PAGE.read_text() == event_page.page(), "run: make events"


def test_no_published_event_changes_incompatibly():
    published = json.loads(event_page.SCHEMAS.read_text())
    today = event_page.schemas()
    assert published["$defs"] == today["$defs"]
    for name, old in published["events"].items():
        new = today["events"][name]
        for field, shape in old["properties"].items():
            assert new["properties"].get(field) == shape, f"{name}.{field} was published"
        added = set(new["properties"]) - set(old["properties"])
        assert not added & set(new["required"]), f"{name}: new fields need a default"
        assert set(new["required"]) <= set(old["required"]), (
            f"{name}: an optional field cannot become required"
        )


def test_no_service_imports_anothers_package():
    nouns = {
        service: {path.name for path in (ROOT / service / "chalicelib").iterdir()}
        for service in SERVICES
    }
    for service in SERVICES:
        for path in [ROOT / service / "app.py", *(ROOT / service / "chalicelib").rglob("*.py")]:
            for noun in (
                set().union(*(nouns[other] for other in SERVICES if other != service))
                - nouns[service]
            ):
                assert f"chalicelib.{noun}" not in path.read_text(), f"{path} imports {noun}"


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_same_shape(service):
    root = ROOT / service
    for name in (
        "app.py",
        "resources.yml",
        "serverless.yml",
        ".chalice/config.json",
        "requirements.txt",
        "pytest.ini",
        "pyrightconfig.json",
        "README.md",
    ):
        assert (root / name).is_file(), name
    assert (root / "vendor/common").resolve() == ROOT / "common/common"
    assert not list(root.glob("chalicelib/**/__init__.py"))


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_on_every_hand_written_list(service):
    composed = yaml.safe_load((ROOT / "serverless-compose.yml").read_text())["services"]

    assert composed[service]["path"] == service
    assert f"[{service}]({service}/README.md)" in (ROOT / "README.md").read_text()
    assert service in RIGHTS


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_pins_the_versions_that_are_tested(service):
    tested = dict(pins(ROOT / "requirements-dev.txt"))
    for name, version in pins(ROOT / service / "requirements.txt"):
        assert tested[name] == version, (
            f"{service} pins {name} {version}, tested is {tested.get(name)}"
        )


def pins(path: Any) -> list[tuple[str, str]]:
    lines = [
        line.split(";")[0].split("#")[0].strip().lower() for line in path.read_text().splitlines()
    ]
    return [tuple(line.replace("_", "-").split("==")) for line in lines if "==" in line]
