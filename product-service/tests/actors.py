"""An admin, a customer and the checkout saga, as they use product-service."""

from typing import Any
from urllib.parse import quote

from boto3.dynamodb.types import TypeDeserializer
from steps import SCHEDULED_EVENT, order_input

from chalicelib.search import reader
from common import aws, queues
from testkit import service_client

BOWL = {"name": "Protein Bowl", "price": 12.99, "description": "High-protein meal", "stock": 50}
STREAMS = {
    "Products": "on-products-stream",
    "Inventory": "on-stock-stream",
    "Categories": "on-categories-stream",
}
_deserializer = TypeDeserializer()


class Shop:
    """The service as its callers use it, and what its tables hold."""

    def __init__(self, api: Any, tokens: Any) -> None:
        self.api = api
        self.admin, self.customer = tokens.admin(), tokens.customer()
        self._seen: dict[str, int] = {}
        aws.client("sqs").create_queue(QueueName="analytics-queue")

    def create(self, **changes: Any) -> str:
        """Create a product like BOWL. Returns its id."""
        response = self.api.post("/product", {**BOWL, **changes}, token=self.admin)
        assert response.status_code == 201, response.body
        return response.json_body["productId"]

    def get(self, path: str) -> Any:
        return self.api.get(path)

    def show(self, product_id: str) -> Any:
        return self.api.get(_path(product_id))

    def change(self, product_id: str, **changes: Any) -> Any:
        return self.api.patch(_path(product_id), changes, token=self.admin)

    def archive(self, product_id: str) -> Any:
        return self.api.delete(_path(product_id), token=self.admin)

    def set_stock(self, product_id: str, stock: Any, **more: Any) -> Any:
        body = {"stock": stock, **more}
        return self.api.put(f"{_path(product_id)}/stock", body, token=self.admin)

    def adjust(self, product_id: str, change: Any, key: str | None = "k", **more: Any) -> Any:
        body = {"change": change, "reason": "delivery", **more}
        headers = {"Idempotency-Key": key} if key else None
        path = f"{_path(product_id)}/stock/adjust"
        return self.api.post(path, body, token=self.admin, headers=headers)

    def change_rules(self, product_id: str, **changes: Any) -> Any:
        return self.api.patch(f"{_path(product_id)}/stock", changes, token=self.admin)

    def movements(self, product_id: str, query: str = "") -> Any:
        return self.api.get(f"{_path(product_id)}/stock/movements{query}", token=self.admin)

    def reserve(self, order_id: str, **lines: int) -> Any:
        return self.api.invoke("check-inventory", order_input(order_id, lines))

    def commit(self, order_id: str, **lines: int) -> Any:
        return self.api.invoke("update-inventory", order_input(order_id, lines))

    def release(self, order_id: str) -> Any:
        return self.api.invoke("release-inventory", {"orderId": order_id, "correlationId": "c-1"})

    def return_goods(self, order_id: str, refund_id: str, **lines: int) -> Any:
        event = {**order_input(order_id, lines), "refundId": refund_id}
        return self.api.invoke("return-inventory", event)

    def expire(self) -> Any:
        return self.api.invoke("expire-reservations", SCHEDULED_EVENT)

    def index(self) -> None:
        """Let the streams' consumers and the writer of the search index do their work."""
        for table, consumer in STREAMS.items():
            records = service_client.stream_records(table)
            if records[self._seen.get(table, 0) :]:
                self.api.stream(consumer, records[self._seen.get(table, 0) :])
            self._seen[table] = len(records)
        messages = receive_all("search-index-queue")
        if messages:
            self.api.sqs("on-search-index-queue", messages)
        reader.clear()

    def put_stock(self, product_id: str, available: int) -> None:
        """Store stock without a product: faster than creating one."""
        counts = {"available": available, "reserved": 0, "sold": 0, "supplied": available}
        item = {f"{bucket}Stock": {"N": str(count)} for bucket, count in counts.items()}
        item = {"productId": {"S": product_id}, **item}
        aws.client("dynamodb").put_item(TableName="Inventory", Item=item)

    def stock(self, product_id: str) -> tuple[int, int, int]:
        """Available, reserved and sold, as stored."""
        return _buckets(self.row("Inventory", productId=product_id))

    def snapshot(
        self, products: list[str], orders: list[str]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The stock of each product and each order's reservation, in one read."""
        requested = {
            "Inventory": {"Keys": [{"productId": {"S": name}} for name in products]},
            "Reservations": {"Keys": [{"orderId": {"S": name}} for name in orders]},
        }
        tables = aws.client("dynamodb").batch_get_item(RequestItems=requested)["Responses"]
        stocks = {row["productId"]: _buckets(row) for row in map(_plain, tables["Inventory"])}
        return stocks, {row["orderId"]: row for row in map(_plain, tables["Reservations"])}

    def row(self, table: str, **key: str) -> dict[str, Any]:
        """The row with this key, empty if there is none."""
        typed = {name: {"S": value} for name, value in key.items()}
        response = aws.client("dynamodb").get_item(TableName=table, Key=typed, ConsistentRead=True)
        return _plain(response.get("Item", {}))

    def rows(self, table: str) -> list[dict[str, Any]]:
        return [_plain(item) for item in aws.client("dynamodb").scan(TableName=table)["Items"]]


def receive_all(queue: str) -> list[str]:
    """Take all messages out of a queue."""
    sqs, url, bodies = aws.client("sqs"), queues.url(queue), []
    while matches := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in matches:
            bodies.append(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return bodies


def _path(product_id: str) -> str:
    return f"/product/{quote(product_id, safe='')}"


def _buckets(row: dict[str, Any]) -> tuple[int, int, int]:
    """Available, reserved and sold: none negative, adding up to supplied."""
    available, reserved, sold = (
        int(row[f"{bucket}Stock"]) for bucket in ("available", "reserved", "sold")
    )
    assert available + reserved + sold == row["suppliedStock"]
    assert min(available, reserved, sold) >= 0
    return available, reserved, sold


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    return {name: _deserializer.deserialize(value) for name, value in item.items()}
