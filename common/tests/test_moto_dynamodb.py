"""The faster moto still has atomic transactions and exact attributes."""

from collections.abc import Callable
from typing import Any

import pytest

from common import aws
from testkit import moto_dynamodb

A, B, ABSENT = {"S": "a"}, {"S": "b"}, {"S": "absent"}


@pytest.fixture(params=[("shop",), ("shop", "shelf")], ids=["hash key", "hash and range key"])
def names(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The attributes of the table's key."""
    attributes: tuple[str, ...] = request.param
    return attributes


@pytest.fixture
def key(names: tuple[str, ...]) -> Callable[[Any], dict[str, Any]]:
    """An item's key, by the one value that all of its attributes have."""
    return lambda value: dict.fromkeys(names, value)


@pytest.fixture
def table(cloud: None, names: tuple[str, ...], key: Callable[[Any], dict[str, Any]]) -> str:
    """Two items: a stock of one, and a list and a set inside."""
    moto_dynamodb.install()
    aws.client("dynamodb").create_table(
        TableName="Stock",
        KeySchema=[
            {"AttributeName": name, "KeyType": kind}
            for name, kind in zip(names, ("HASH", "RANGE"), strict=False)
        ],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    for value in (A, B):
        inside = {"parts": {"L": [{"N": "1"}]}, "tags": {"SS": ["x"]}, "stock": {"N": "1"}}
        aws.client("dynamodb").put_item(TableName="Stock", Item={**key(value), **inside})
    return "Stock"


CHANGES = {
    "a number": ("SET stock = stock + :one", {":one": {"N": "1"}}),
    "a list inside": ("SET parts[0] = :one", {":one": {"N": "7"}}),
    "a longer list": ("SET parts = list_append(parts, :one)", {":one": {"L": [{"N": "7"}]}}),
    "a set": ("ADD tags :one", {":one": {"SS": ["y"]}}),
    "less of a set": ("DELETE tags :one", {":one": {"SS": ["x"]}}),
    "no number": ("REMOVE stock", None),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_cancelled_transaction_leaves_no_trace(table, key, change):
    before = contents(table)
    operations = [
        update(table, key(A), *CHANGES[change]),
        remove(table, key(B)),
        put(table, key(ABSENT)),
    ]

    with pytest.raises(aws.client("dynamodb").exceptions.TransactionCanceledException):
        transact(*operations, only_if_there(table, key({"S": "nowhere"})))

    assert contents(table) == before


@pytest.mark.parametrize("change", CHANGES)
def test_a_transaction_that_goes_through_is_written_and_streamed(table, key, change):
    items, records = contents(table)

    transact(
        update(table, key(A), *CHANGES[change]), remove(table, key(B)), put(table, key(ABSENT))
    )

    after, streamed = contents(table)
    assert [each["eventName"] for each in streamed[len(records) :]] == [
        "MODIFY",
        "REMOVE",
        "INSERT",
    ]
    changed = streamed[len(records)]["dynamodb"]
    assert changed["OldImage"] in items
    assert changed["NewImage"] in after
    assert changed["OldImage"] != changed["NewImage"]
    assert len(after) == len(items)


def test_after_a_cancelled_transaction_the_table_goes_on(table, key):
    with pytest.raises(aws.client("dynamodb").exceptions.TransactionCanceledException):
        transact(update(table, key(A), *CHANGES["a number"]), only_if_there(table, key(ABSENT)))

    transact(update(table, key(A), *CHANGES["a number"]))

    items, records = contents(table)
    assert sorted(item["stock"]["N"] for item in items) == ["1", "2"]
    assert [each["eventName"] for each in records] == ["INSERT", "INSERT", "MODIFY"]


def test_attributes_of_every_type_come_back_as_they_were_written(table, key):
    attributes = {
        "text": {"S": "x"},
        "number": {"N": "1.50"},
        "yes": {"BOOL": True},
        "nothing": {"NULL": True},
        "bytes": {"B": b"\x00\xff"},
        "texts": {"SS": ["x", "y"]},
        "numbers": {"NS": ["1", "2"]},
        "empty": {"M": {"list": {"L": []}, "map": {"M": {}}, "text": {"S": ""}}},
        "nested": {"L": [{"M": {"inner": {"L": [{"N": "1"}, {"BOOL": False}, {"NULL": True}]}}}]},
    }
    written = {**key(ABSENT), **attributes}
    aws.client("dynamodb").put_item(TableName=table, Item=written)

    item = aws.client("dynamodb").get_item(TableName=table, Key=key(ABSENT))["Item"]
    queried = aws.client("dynamodb").batch_get_item(RequestItems={table: {"Keys": [key(ABSENT)]}})

    assert item == written
    assert queried["Responses"][table] == [written]


def contents(table: str) -> tuple[list[Any], list[Any]]:
    """The table's items, and the records of its stream."""
    streams = aws.client("dynamodbstreams")
    arn = streams.list_streams(TableName=table)["Streams"][0]["StreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    start = streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )
    records = streams.get_records(ShardIterator=start["ShardIterator"])["Records"]
    return aws.client("dynamodb").scan(TableName=table)["Items"], records


def transact(*operations: dict[str, Any]) -> None:
    aws.client("dynamodb").transact_write_items(TransactItems=list(operations))


def update(table: str, key: Any, expression: str, values: Any) -> dict[str, Any]:
    values_field = {"ExpressionAttributeValues": values} if values else {}
    return {
        "Update": {"TableName": table, "Key": key, "UpdateExpression": expression, **values_field}
    }


def remove(table: str, key: Any) -> dict[str, Any]:
    return {"Delete": {"TableName": table, "Key": key}}


def put(table: str, key: Any) -> dict[str, Any]:
    return {"Put": {"TableName": table, "Item": {**key, "stock": {"N": "1"}}}}


def only_if_there(table: str, key: Any) -> dict[str, Any]:
    names = {"#key": next(iter(key))}
    condition = {"ConditionExpression": "attribute_exists(#key)", "ExpressionAttributeNames": names}
    return {"ConditionCheck": {"TableName": table, "Key": key, **condition}}
