"""What anybody with the keys may look at; the tests of the whole shop look, they do not touch."""

import json
from typing import Any

import boto3
import httpx
from boto3.dynamodb.types import TypeDeserializer

from devcloud import dead_letters
from devcloud.shop import Shop
from tests.support.actors import until

_deserializer = TypeDeserializer()


class Sight:
    """Looks into a running shop."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.shop.aws_endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def row(self, table: str, **key: str) -> dict[str, Any]:
        """The item with this key, in plain values; empty if there is none."""
        return {
            name: _deserializer.deserialize(value)
            for name, value in self.item(table, **key).items()
        }

    def item(self, table: str, **key: str) -> dict[str, Any]:
        """The item with this key, as DynamoDB types it."""
        typed = {name: {"S": value} for name, value in key.items()}
        found = self.client("dynamodb").get_item(TableName=table, Key=typed, ConsistentRead=True)
        return found.get("Item", {})

    def kept_in(self, table: str, index: str | None = None, **key: str) -> list[dict[str, Any]]:
        """All items with this hash key of the table, or of its index, as DynamoDB types them."""
        ((name, value),) = key.items()
        where = {"IndexName": index} if index else {"ConsistentRead": True}
        found = self.client("dynamodb").query(
            TableName=table,
            KeyConditionExpression="#key = :key",
            ExpressionAttributeNames={"#key": name},
            ExpressionAttributeValues={":key": {"S": value}},
            **where,
        )
        return list(found["Items"])

    def stock(self, product_id: str) -> tuple[int, int, int]:
        """Available, reserved and sold."""
        row = self.row("Inventory", productId=product_id)
        assert (
            row["availableStock"] + row["reservedStock"] + row["soldStock"] == row["suppliedStock"]
        )
        return int(row["availableStock"]), int(row["reservedStock"]), int(row["soldStock"])

    def charged(self, order_id: str) -> tuple[int, int]:
        """What the gateway's own books say of the order: minor units captured, and refunded."""
        totals = httpx.get(f"{self.shop.stripe_url}/_control/totals").json().get(order_id, {})
        return totals.get("captured", 0), totals.get("refunded", 0)

    def mails(self, to: str, about: str = "") -> list[str]:
        """The mails to an address whose text has these words in it."""
        answer = httpx.get(f"{self.shop.aws_endpoint}/_ministack/ses/messages").json()
        texts = [
            json.dumps(message) for mailbox in answer["messages"].values() for message in mailbox
        ]
        return [text for text in texts if to in text and about in text]

    def mail(self, to: str, about: str, seconds: float = 30) -> str:
        """The one mail about something, as soon as it is there."""
        return until(lambda: self.mails(to, about), lambda found: len(found) == 1, seconds)[0]

    def waiting(self, queue: str) -> int:
        """How many messages a queue holds, in flight or not."""
        sqs = self.client("sqs")
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = sqs.get_queue_attributes(
            QueueUrl=sqs.get_queue_url(QueueName=queue)["QueueUrl"], AttributeNames=names
        )
        return sum(int(value) for value in attributes["Attributes"].values())

    def dead_letters(self) -> dict[str, int]:
        """The dead-letter queues that hold anything."""
        sqs = self.client("sqs")
        names = [url.rsplit("/", 1)[-1] for url in sqs.list_queues(MaxResults=1000)["QueueUrls"]]
        counts = {name: self.waiting(name) for name in names if name.endswith("-dlq")}
        return {name: count for name, count in counts.items() if count}

    def let_messages_come_again_after(self, seconds: int) -> None:
        """Shorten the queues' visibility timeouts: what a killed consumer held comes again soon."""
        sqs = self.client("sqs")
        for url in sqs.list_queues(MaxResults=1000)["QueueUrls"]:
            if not url.endswith(dead_letters.SUFFIX):
                sqs.set_queue_attributes(
                    QueueUrl=url, Attributes={"VisibilityTimeout": str(seconds)}
                )

    def invoke(self, function: str, event: dict[str, Any]) -> Any:
        """What a Lambda answers to this input, as Step Functions would call it."""
        answer = self.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
        body = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, body
        return body

    def calls(self, function: str, event: dict[str, Any]) -> bool:
        """Call a Lambda; whether it did not fail."""
        return "FunctionError" not in self.client("lambda").invoke(
            FunctionName=function, Payload=json.dumps(event)
        )

    def send(self, queue: str, message: dict[str, Any]) -> None:
        """Put a message on a queue."""
        sqs = self.client("sqs")
        sqs.send_message(
            QueueUrl=sqs.get_queue_url(QueueName=queue)["QueueUrl"], MessageBody=json.dumps(message)
        )

    def functions(self) -> set[str]:
        """The names of all deployed Lambdas."""
        pages = self.client("lambda").get_paginator("list_functions").paginate()
        return {function["FunctionName"] for page in pages for function in page["Functions"]}
