"""What staff change of products and stock leaves one trace."""

import json

import boto3
import pytest

from common.roles import Role
from testkit.service_client import stream_records
from testkit.tokens import STAFF

TABLE = "ProductStaffActs"
TEA = {"name": "Tea", "price": 3.5, "stock": 5, "currency": "USD", "description": "Green"}
TEA["category"] = "drinks"


@pytest.fixture
def catalogue(tokens):
    return tokens.staff(Role.CATALOGUE)


@pytest.fixture
def tea(api, tokens):
    """The path of a product that the admin created, whose act is forgotten."""
    created = api.post("/product", TEA, tokens.admin()).json_body["productId"]
    for act in stored():
        boto3.resource("dynamodb").Table(TABLE).delete_item(Key={"actId": act["actId"]})
    return f"/product/{created.replace('#', '%23')}"


def stored():
    return boto3.resource("dynamodb").Table(TABLE).scan()["Items"]


def changes_of(act):
    return {change["table"]: change for change in json.loads(act["changes"])}


def test_a_changed_price_is_kept_with_the_one_before(api, catalogue, tea):
    assert api.patch(tea, {"price": 4}, catalogue).status_code == 200

    (act,) = stored()
    product = changes_of(act)["Products"]
    assert (act["userId"], act["role"], act["action"]) == (STAFF, "catalogue", "changeProduct")
    assert (product["before"]["priceMinor"], product["after"]["priceMinor"]) == (350, 400)
    assert "description" not in product["after"]


def test_a_created_product_is_one_act_however_often_it_is_sent(api, catalogue):
    for _ in range(3):
        assert api.post("/product", TEA, catalogue, {"Idempotency-Key": "t"}).status_code == 201

    (act,) = stored()
    assert changes_of(act)["Products"]["before"] == {}
    assert changes_of(act)["Products"]["after"]["name"] == "Tea"


def test_an_adjustment_of_stock_is_one_act_with_both_numbers(api, tokens, tea):
    warehouse = tokens.staff(Role.WAREHOUSE)
    for _ in range(2):
        adjustment = {"change": 7, "reason": "delivery"}
        api.post(f"{tea}/stock/adjust", adjustment, warehouse, {"Idempotency-Key": "d"})

    (act,) = stored()
    stock = changes_of(act)["Inventory"]
    assert (stock["before"]["availableStock"], stock["after"]["availableStock"]) == (5, 12)


def test_an_archived_product_is_an_act(api, catalogue, tea):
    api.delete(tea, catalogue)

    (act,) = stored()
    assert changes_of(act)["Products"]["after"]["status"] == "ARCHIVED"


def test_a_refused_change_is_no_act(api, catalogue, tea):
    assert api.patch(tea, {"currency": "EUR"}, catalogue).status_code == 400
    assert api.put(f"{tea}/stock", {"stock": 1, "expectedStock": 99}, catalogue).status_code == 409

    assert stored() == []


def test_each_act_is_published_once_per_delivery_with_one_id(api, catalogue, bus, tea):
    api.patch(tea, {"price": 4}, catalogue)
    for _ in range(2):
        api.stream("announce-staff-acts", stream_records(TABLE))

    events = bus.events("StaffActed")
    ours = [event for event in events if event["detail"]["action"] == "changeProduct"]
    assert len(ours) == 2
    assert len({event["detail"]["eventId"] for event in ours}) == 1


def test_an_act_that_the_bus_did_not_take_is_published_from_the_queue(api, catalogue, bus, tea):
    api.patch(tea, {"price": 4}, catalogue)
    records = [each for each in stream_records(TABLE) if "changeProduct" in json.dumps(each)]
    api.sqs("on-parked-staff-act", records[:1])

    assert len(bus.events("StaffActed")) == 1


@pytest.mark.parametrize("act", ["patch", "delete"])
def test_a_change_among_endless_conflicts_is_refused_as_retryable(
    api, tokens, tea, transaction_conflicts, act
):
    transaction_conflicts(10_000)
    body = {"price": 4} if act == "patch" else None

    answer = api.request(act.upper(), tea, body, tokens.admin(), {})

    assert (answer.status_code, answer.json_body["Code"]) == (503, "ProductContended")
    assert stored() == []
