"""Reads a running shop from outside, as its operators could."""

import json
from typing import Any

import boto3
import httpx
from boto3.dynamodb.types import TypeDeserializer

from devcloud import dead_letters
from devcloud.shop import Shop
from tests.support.actors import poll_until

_deserializer = TypeDeserializer()


class ShopProbe:
    """Reads tables, queues, mails and gateways of a shop, and calls its Lambdas."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def client(self, service: str) -> Any:
        """A boto3 client of the shop's local AWS."""
        return boto3.client(
            service,
            endpoint_url=self.shop.aws_endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def row(self, table: str, **key: str) -> dict[str, Any]:
        """The item with this key, in plain values, or an empty dict."""
        return {
            name: _deserializer.deserialize(value)
            for name, value in self.item(table, **key).items()
        }

    def item(self, table: str, **key: str) -> dict[str, Any]:
        """The item with this key, as DynamoDB types it, or an empty dict."""
        typed = {name: {"S": value} for name, value in key.items()}
        answer = self.client("dynamodb").get_item(TableName=table, Key=typed, ConsistentRead=True)
        return answer.get("Item", {})

    def query(self, table: str, index: str | None = None, **key: str) -> list[dict[str, Any]]:
        """All items with this hash key of the table or its index, as DynamoDB types them."""
        ((name, value),) = key.items()
        where = {"IndexName": index} if index else {"ConsistentRead": True}
        answer = self.client("dynamodb").query(
            TableName=table,
            KeyConditionExpression="#key = :key",
            ExpressionAttributeNames={"#key": name},
            ExpressionAttributeValues={":key": {"S": value}},
            **where,
        )
        return list(answer["Items"])

    def stock(self, product_id: str) -> tuple[int, int, int]:
        """Available, reserved and sold, which must add up to what was supplied."""
        row = self.row("Inventory", productId=product_id)
        assert (
            row["availableStock"] + row["reservedStock"] + row["soldStock"] == row["suppliedStock"]
        )
        return int(row["availableStock"]), int(row["reservedStock"]), int(row["soldStock"])

    def charged(self, order_id: str) -> tuple[int, int]:
        """Minor units captured and refunded for the order, by Stripe's own ledger."""
        totals = httpx.get(f"{self.shop.stripe_url}/_control/totals").json().get(order_id, {})
        return totals.get("captured", 0), totals.get("refunded", 0)

    def order_number(self, order_id: str) -> str:
        """What people call the order."""
        return str(self.row("Orders", orderId=order_id)["orderNumber"])

    def mails(self, to: str, about: str = "") -> list[str]:
        """The mails to an address whose text contains these words."""
        answer = httpx.get(f"{self.shop.aws_endpoint}/_ministack/ses/messages").json()
        texts = [
            json.dumps(message) for mailbox in answer["messages"].values() for message in mailbox
        ]
        return [text for text in texts if to in text and about in text]

    def await_mail(self, to: str, about: str, seconds: float = 30) -> str:
        """The one mail with these words, as soon as it is sent."""
        return poll_until(lambda: self.mails(to, about), lambda mails: len(mails) == 1, seconds)[0]

    def queue_length(self, queue: str) -> int:
        """How many messages a queue holds, those in flight included."""
        sqs = self.client("sqs")
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = sqs.get_queue_attributes(
            QueueUrl=sqs.get_queue_url(QueueName=queue)["QueueUrl"], AttributeNames=names
        )
        return sum(int(value) for value in attributes["Attributes"].values())

    def dead_letters(self) -> dict[str, int]:
        """The dead-letter queues that hold messages, and how many."""
        sqs = self.client("sqs")
        names = [url.rsplit("/", 1)[-1] for url in sqs.list_queues(MaxResults=1000)["QueueUrls"]]
        counts = {name: self.queue_length(name) for name in names if name.endswith("-dlq")}
        return {name: count for name, count in counts.items() if count}

    def set_visibility_timeouts(self, seconds: int) -> None:
        """Set the visibility timeout of every queue that is no dead-letter queue."""
        sqs = self.client("sqs")
        for url in sqs.list_queues(MaxResults=1000)["QueueUrls"]:
            if not url.endswith(dead_letters.SUFFIX):
                sqs.set_queue_attributes(
                    QueueUrl=url, Attributes={"VisibilityTimeout": str(seconds)}
                )

    def invoke(self, function: str, event: dict[str, Any]) -> Any:
        """Invoke a Lambda as Step Functions does. Fails the test if it raises."""
        answer = self.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
        body = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, body
        return body

    def try_invoke(self, function: str, event: dict[str, Any]) -> bool:
        """Invoke a Lambda. Returns whether it succeeded."""
        return "FunctionError" not in self.client("lambda").invoke(
            FunctionName=function, Payload=json.dumps(event)
        )

    def send_message(self, queue: str, message: dict[str, Any]) -> None:
        """Send a message to a queue."""
        sqs = self.client("sqs")
        sqs.send_message(
            QueueUrl=sqs.get_queue_url(QueueName=queue)["QueueUrl"], MessageBody=json.dumps(message)
        )

    def function_names(self) -> set[str]:
        """The names of all deployed Lambdas."""
        pages = self.client("lambda").get_paginator("list_functions").paginate()
        return {function["FunctionName"] for page in pages for function in page["Functions"]}
