import time
from collections.abc import Callable
from functools import wraps
from itertools import count
from typing import Any
from urllib.parse import quote

import pytest
from boto3.dynamodb.types import TypeDeserializer
from moto.dynamodb.exceptions import TransactionCanceledException
from moto.dynamodb.models import DynamoDBBackend

from common import aws, clock, ids

BOWL = {"name": "Protein Bowl", "price": 12.99, "description": "High-protein meal", "stock": 50}
_deserializer = TypeDeserializer()
_numbers = count(1)


class Shop:
    """The service, as an admin, a customer, and the checkout use it."""

    def __init__(self, api: Any, tokens: Any) -> None:
        self.api = api
        self.admin, self.customer = tokens.admin(), tokens.customer()
        aws.client("sqs").create_queue(QueueName="analytics-queue")

    def create(self, **changes: Any) -> str:
        """A new product; its id."""
        answer = self.api.post("/product", {**BOWL, **changes}, token=self.admin)
        assert answer.status_code == 201, answer.body
        return answer.json_body["productId"]

    def get(self, path: str) -> Any:
        return self.api.get(path)

    def show(self, product_id: str) -> Any:
        return self.api.get(f"/product/{quote(product_id, safe='')}")

    def change(self, product_id: str, **changes: Any) -> Any:
        return self.api.patch(f"/product/{quote(product_id, safe='')}", changes, token=self.admin)

    def archive(self, product_id: str) -> Any:
        return self.api.delete(f"/product/{quote(product_id, safe='')}", token=self.admin)

    def set_stock(self, product_id: str, stock: Any) -> Any:
        return self.api.put(
            f"/product/{quote(product_id, safe='')}/stock", {"stock": stock}, token=self.admin
        )

    def reserve(self, order_id: str, **lines: int) -> Any:
        return self.api.invoke("check-inventory", step(order_id, lines))

    def commit(self, order_id: str, **lines: int) -> Any:
        return self.api.invoke("update-inventory", step(order_id, lines))

    def release(self, order_id: str) -> Any:
        return self.api.invoke("release-inventory", {"orderId": order_id, "correlationId": "c-1"})

    def give_back(self, order_id: str, refund_id: str, **lines: int) -> Any:
        return self.api.invoke("return-inventory", {**step(order_id, lines), "refundId": refund_id})

    def expire(self) -> Any:
        return self.api.invoke("expire-reservations", TICK)

    def shelve(self, product_id: str, available: int) -> None:
        """Stock without a product, quicker than by creating one."""
        shelves = {
            "availableStock": available,
            "reservedStock": 0,
            "soldStock": 0,
            "suppliedStock": available,
        }
        item = {
            "productId": {"S": product_id},
            **{name: {"N": str(count)} for name, count in shelves.items()},
        }
        aws.client("dynamodb").put_item(TableName="Inventory", Item=item)

    def stock(self, product_id: str) -> tuple[int, int, int]:
        """Available, reserved and sold, as the table has it."""
        return shelves(self.row("Inventory", productId=product_id))

    def look(self, products: list[str], orders: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The stock of each product, and the reservation of each order that has one, at one glance."""
        wanted = {
            "Inventory": {"Keys": [{"productId": {"S": name}} for name in products]},
            "Reservations": {"Keys": [{"orderId": {"S": name}} for name in orders]},
        }
        found = aws.client("dynamodb").batch_get_item(RequestItems=wanted)["Responses"]
        stocks = {row["productId"]: shelves(row) for row in map(plain, found["Inventory"])}
        return stocks, {row["orderId"]: row for row in map(plain, found["Reservations"])}

    def row(self, table: str, **key: str) -> dict[str, Any]:
        typed = {name: {"S": value} for name, value in key.items()}
        return plain(
            aws.client("dynamodb")
            .get_item(TableName=table, Key=typed, ConsistentRead=True)
            .get("Item", {})
        )

    def rows(self, table: str) -> list[dict[str, Any]]:
        return [plain(item) for item in aws.client("dynamodb").scan(TableName=table)["Items"]]


TICK = {
    "version": "0", "id": "1", "account": "123456789012", "region": "us-east-1", "source": "aws.events",
    "detail-type": "Scheduled Event", "time": "2025-10-13T14:10:00Z", "resources": [], "detail": {},
}  # fmt: skip


def step(order_id: str, lines: dict[str, int]) -> dict[str, Any]:
    """What the state machine hands over; further fields are none of our business."""
    items = [{"productId": product_id, "qty": qty} for product_id, qty in lines.items()]
    return {"orderId": order_id, "items": items, "correlationId": "c-1", "amount": 25.98}


def shelves(row: dict[str, Any]) -> tuple[int, int, int]:
    """Available, reserved and sold; whatever happens, they add up to what was supplied, and none is below zero."""
    available, reserved, sold = (
        int(row[f"{shelf}Stock"]) for shelf in ("available", "reserved", "sold")
    )
    assert available + reserved + sold == row["suppliedStock"]
    assert min(available, reserved, sold) >= 0
    return available, reserved, sold


def plain(item: dict[str, Any]) -> dict[str, Any]:
    return {name: _deserializer.deserialize(value) for name, value in item.items()}


@pytest.fixture
def shop(api: Any, tokens: Any) -> Shop:
    return Shop(api, tokens)


@pytest.fixture
def bowl(shop: Shop) -> str:
    """Five Protein Bowls."""
    return shop.create(stock=5)


@pytest.fixture
def tea(shop: Shop) -> str:
    """Three Teas."""
    return shop.create(name="Tea", price=3, stock=3)


@pytest.fixture
def order() -> str:
    return new_order()


def new_order() -> str:
    return ids.deterministic("ORDER", next(_numbers))


@pytest.fixture
def travel(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set the service's clock by so many seconds from the real time."""

    def to(seconds: float) -> None:
        monkeypatch.setattr(clock, "epoch", lambda: int(time.time() + seconds))

    return to


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """Let something happen after the next call has looked and before it writes."""
    waiting: list[Callable[[], Any]] = []
    for name in ("transact_write_items", "update_item"):
        monkeypatch.setattr(DynamoDBBackend, name, _after(waiting, getattr(DynamoDBBackend, name)))
    return waiting.append


@pytest.fixture
def conflicts(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let other transactions get in the way so many times, as DynamoDB tells it; nobody waits."""
    left = [0]
    write = DynamoDBBackend.transact_write_items

    def disturbed(backend: Any, *args: Any, **kwargs: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise TransactionCanceledException(
                [("TransactionConflict", "Transaction is ongoing", None)]
            )
        return write(backend, *args, **kwargs)

    monkeypatch.setattr(DynamoDBBackend, "transact_write_items", disturbed)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    return lambda times: left.__setitem__(0, times)


@pytest.fixture
def crash(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let the next Lambda die right after its transaction went through."""
    due: list[bool] = []
    write = DynamoDBBackend.transact_write_items

    def crashing(backend: Any, *args: Any, **kwargs: Any) -> Any:
        write(backend, *args, **kwargs)
        if due and due.pop():
            raise Crash

    monkeypatch.setattr(DynamoDBBackend, "transact_write_items", crashing)
    return lambda: due.append(True)


class Crash(BaseException):
    """The end of a process, which no handler can do anything about."""


def refusal(call: Callable[..., Any], *args: Any, **lines: int) -> tuple[str, str]:
    """The error that the state machine sees: its name, and its message."""
    with pytest.raises(Exception) as problem:  # noqa: PT011  the name is what the caller looks at
        call(*args, **lines)
    return type(problem.value).__name__, str(problem.value)


def outcome(call: Callable[..., Any], *args: Any, **lines: int) -> str:
    """The status that a step answers with, or the name of the error that the state machine sees."""
    try:
        status: str = call(*args, **lines)["status"]
    except Exception as problem:
        return type(problem).__name__
    return status


def _after(waiting: list[Callable[[], Any]], method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        if waiting:
            waiting.pop()()
        return method(*args, **kwargs)

    return call
