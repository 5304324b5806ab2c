import json

import pytest

from devcloud.faults import meter

ITEM = {"orderId": {"S": "ORDER#1"}}
LARGE = {"orderId": {"S": "x" * 5000}}


@pytest.mark.parametrize(
    ("asked", "answer", "reads"),
    [
        ({"TableName": "Orders"}, {"Item": ITEM}, 0.5),
        ({"TableName": "Orders", "ConsistentRead": True}, {"Item": ITEM}, 1),
        ({"TableName": "Orders", "ConsistentRead": True}, {}, 1),
        ({"TableName": "Orders", "ConsistentRead": True}, {"Item": LARGE}, 2),
        ({"TableName": "Orders"}, {"Items": [ITEM] * 10}, 0.5),
        ({"TableName": "Orders"}, {"Items": [LARGE, LARGE]}, 1.5),
    ],
)
def test_reads_are_billed_by_4_kb_and_half_if_eventually_consistent(asked, answer, reads):
    operation = "Query" if "Items" in answer else "GetItem"

    assert meter.units(operation, asked, 200, answer) == {"reads": reads}


def test_each_item_of_a_batch_is_billed_by_itself_even_a_missing_one():
    asked = {"RequestItems": {"Carts": {"Keys": [{}, {}, {}], "ConsistentRead": True}}}

    assert meter.units("BatchGetItem", asked, 200, {"Responses": {"Carts": [ITEM, LARGE]}}) == {
        "reads": 4
    }


def test_a_write_costs_what_dynamodb_says_also_over_several_tables():
    consumed = [
        {"TableName": "Inventory", "CapacityUnits": 2.0},
        {"TableName": "Reservations", "CapacityUnits": 3.0},
    ]

    assert meter.units("PutItem", {}, 200, {"ConsumedCapacity": consumed[0]}) == {"writes": 2}
    assert meter.units("TransactWriteItems", {}, 200, {"ConsumedCapacity": consumed}) == {
        "writes": 5
    }


def test_a_write_that_a_condition_refuses_is_billed_all_the_same():
    refused = {"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}
    cancelled = {"__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"}

    assert meter.units("PutItem", {}, 400, refused) == {"writes": 1}
    assert meter.units("TransactWriteItems", {"TransactItems": [{}, {}]}, 400, cancelled) == {
        "writes": 4
    }
    assert meter.units("PutItem", {}, 400, {"__type": "ValidationException"}) == {"writes": 0}


def test_only_a_write_is_changed_to_be_told_its_units():
    request = {
        "body": b'{"TableName": "Orders"}',
        "headers": {"content-length": "23", "X-Amz-Target": "t"},
    }

    asked = meter.request_units("PutItem", request)

    assert meter.request_units("Query", request) is request
    assert json.loads(asked["body"]) == {"TableName": "Orders", "ReturnConsumedCapacity": "TOTAL"}
    assert asked["headers"] == {"X-Amz-Target": "t", "Content-Length": str(len(asked["body"]))}
