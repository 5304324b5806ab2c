"""Today's services understand those of the last release, and the other way round.

During a release old and new versions run beside each other.
"""

import copy
import json
from typing import Any

import pytest
import yaml

from common import events
from delivery.cfn import CloudFormation
from delivery.paths import ROOT, SERVICES
from docgen import contracts
from docgen.compatibility import misunderstandings
from testkit import foreign_tables
from testkit.resources import neighbours_file

RELEASED = json.loads(contracts.RELEASED.read_text())


@pytest.fixture(scope="module")
def today() -> dict[str, Any]:
    """The contracts as the code is now."""
    return contracts.today()


@pytest.fixture(scope="module")
def owners() -> dict[str, str]:
    return {
        resource["Properties"]["TableName"]: service
        for service in SERVICES
        for resource in yaml.load((ROOT / service / "resources.yml").read_text(), CloudFormation)[
            "Resources"
        ].values()
        if resource["Type"] == "AWS::DynamoDB::Table"
    }


@pytest.mark.parametrize("service", SERVICES)
def test_a_services_copies_of_foreign_tables_are_up_to_date(service):
    file = neighbours_file(ROOT / service)

    assert (file.read_text() if file.exists() else "") == foreign_tables.known(ROOT / service), (
        "run: make contracts"
    )


def test_today_and_the_last_release_understand_each_other(today, owners):
    """After a release with new contracts: `make contracts RELEASED=1`."""
    assert misunderstandings(RELEASED, today, owners) == []


def test_the_release_has_events_tables_and_steps():
    assert set(RELEASED["events"]) <= set(events.REGISTRY)
    assert {"order-service", "checkout-orchestrator"} <= set(RELEASED["tables"]) <= set(SERVICES)
    assert {"check-inventory", "create-order-record", "clear-cart", "process-payment"} <= set(
        RELEASED["steps"]
    )
    assert set(RELEASED["sentToSteps"]) <= set(RELEASED["steps"])


def sample(schema: dict[str, Any], full: bool) -> Any:
    """A value of this schema, with all fields or with the required ones only."""
    if "default" in schema and not full:
        return schema["default"]
    if options := schema.get("anyOf"):
        return sample(options[0], full)
    if schema["type"] == "object":
        names = schema.get("properties", []) if full else schema.get("required", [])
        return {name: sample(schema["properties"][name], full) for name in names}
    if schema["type"] == "array":
        return [sample(schema["items"], full)]
    if schema.get("format") == "decimal":
        return 12.99
    return {"string": "text", "integer": 1, "number": 1.5, "boolean": True}[schema["type"]]


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("name", RELEASED["events"])
def test_a_message_of_the_last_release_is_read_today(name, full):
    kind = events.REGISTRY[name]
    detail = {**sample(RELEASED["events"][name], full), "version": 1}

    read = events.parse(kind, {"source": kind.source, "detail-type": name, "detail": detail})

    assert (type(read), read.event_id) == (kind, "text")


def without(*path: str):
    def change(node: dict[str, Any]) -> None:
        *to, last = path
        for step in to:
            node = node[step]
        node.pop(last) if isinstance(node, dict) else node.remove(last)

    return change


def with_value(value: Any, *path: str):
    def change(node: dict[str, Any]) -> None:
        *to, last = path
        for step in to:
            node = node[step]
        node[last] = value

    return change


def with_one_more(value: Any, *path: str):
    def change(node: dict[str, Any]) -> None:
        for step in path:
            node = node[step]
        node.append(value)

    return change


DONE = ("events", "order.done")
CHANGES = {
    "order.done is announced no more": without(*DONE),
    "order.done, read by the last release.userId has to be there": without(
        *DONE, "properties", "userId"
    ),
    "order.done, sent by the last release.giftNote has to be there": with_one_more(
        "giftNote", *DONE, "required"
    ),
    "order.done, read by the last release.paymentId": with_value(
        {"type": "integer"}, *DONE, "properties", "paymentId"
    ),
    "release-inventory is gone": without("steps", "release-inventory"),
    "check-inventory's answer, read by the last release.expiresAt": without(
        "steps", "check-inventory", "answer", "properties", "expiresAt"
    ),
    "clear-cart, called by the last release: basketId is not given": with_one_more(
        "basketId", "steps", "clear-cart", "input", "required"
    ),
    "create-order-record of the last release: paymentId is not given": with_value(
        [["orderId"]], "sentToSteps", "create-order-record"
    ),
    "order-service of the last release reads Products: priceMinor is not there": without(
        "tables", "product-service", "Products", "priceMinor"
    ),
    "checkout-orchestrator reads Users of the last release: telephone is not there": with_value(
        {"telephone": {"type": "S", "unwritten": False, "unread": False}},
        "tables",
        "checkout-orchestrator",
        "Users",
    ),
    "order-service reads Orders of the last release: status is S, not N": with_value(
        "N", "tables", "order-service", "Orders", "status", "type"
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_that_breaks_the_last_release_is_found(today, owners, change):
    changed = copy.deepcopy(today)
    CHANGES[change](changed)

    assert [
        text for text in misunderstandings(RELEASED, changed, owners) if text.startswith(change)
    ]


def test_an_addition_with_a_default_breaks_nothing(today, owners):
    changed = copy.deepcopy(today)
    changed["events"]["order.done"]["properties"]["giftNote"] = {"type": "string", "default": ""}
    changed["tables"]["order-service"]["Orders"]["giftNote"] = {
        "type": "S",
        "unwritten": True,
        "unread": True,
    }
    changed["steps"]["clear-cart"]["input"]["properties"]["giftNote"] = {
        "type": "string",
        "default": "",
    }

    assert misunderstandings(RELEASED, changed, owners) == []
