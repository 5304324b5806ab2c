"""Rows of the tables Carts and Products, read and written directly."""

from collections.abc import Sequence
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from common import aws

BOWL = "PROD#001"
STAMPS = {"addedAt": "2025-10-13T14:10:00.123Z", "updatedAt": "2025-10-13T14:10:00.123Z"}

_serializer, _deserializer = TypeSerializer(), TypeDeserializer()


def product(
    product_id: str, name: str = "Protein Bowl", price_minor: int = 1299, **more: Any
) -> dict[str, Any]:
    """A row of product-service's table, also with what the cart does not read."""
    known = {"productId": product_id, "name": name, "priceMinor": price_minor, "currency": "USD"}
    return {**known, "status": "ACTIVE", "description": "High-protein meal", **more}


def put_rows(table: str, items: Sequence[dict[str, Any]]) -> None:
    for start in range(0, len(items), 25):
        puts = [{"PutRequest": {"Item": typed(item)}} for item in items[start : start + 25]]
        aws.client("dynamodb").batch_write_item(RequestItems={table: puts})


def rows(user_id: str) -> list[dict[str, Any]]:
    """All rows of one cart."""
    response = aws.client("dynamodb").query(
        TableName="Carts",
        KeyConditionExpression="userId = :owner",
        ExpressionAttributeValues=typed({":owner": user_id}),
        ConsistentRead=True,
    )
    return [_plain(item) for item in response["Items"]]


def row(user_id: str, product_id: str) -> dict[str, Any]:
    """The row with this key, empty if there is none."""
    key = typed({"userId": user_id, "productId": product_id})
    response = aws.client("dynamodb").get_item(TableName="Carts", Key=key, ConsistentRead=True)
    return _plain(response.get("Item", {}))


def typed(item: dict[str, Any]) -> dict[str, Any]:
    return {name: _serializer.serialize(value) for name, value in item.items()}


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    return {name: _deserializer.deserialize(value) for name, value in item.items()}
