import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import botocore.client
import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from common import aws
from testkit.tokens import JIMMY

BOWL = "PROD#001"
Sell = Callable[..., str]

_serializer, _deserializer = TypeSerializer(), TypeDeserializer()


@pytest.fixture
def sell(other_tables) -> Sell:
    """Put a product into the catalogue, as product-service would; changes one that is there."""
    other_tables("Products")

    def put(product_id: str = BOWL, *described: Any, **more: Any) -> str:
        fill("Products", [product(product_id, *described, **more)])
        return product_id

    return put


@pytest.fixture
def bowl(sell: Sell) -> str:
    """12.99 USD, on sale."""
    return sell()


class Customer:
    """Somebody with a cart."""

    def __init__(self, api: Any, token: str, user_id: str) -> None:
        self.api, self.token, self.user_id = api, token, user_id

    def add(self, product_id: str, quantity: Any = 1, key: str | None = None, **more: Any) -> Any:
        body = {"productId": product_id, "quantity": quantity, **more}
        return self.api.post(
            "/cart", body, token=self.token, headers={"Idempotency-Key": key} if key else {}
        )

    def look(self, query: str = "") -> Any:
        return self.api.get(f"/cart{query}", token=self.token)

    def set_quantity(self, product_id: str, quantity: Any, **more: Any) -> Any:
        return self.api.patch(path(product_id), {"quantity": quantity, **more}, token=self.token)

    def remove(self, product_id: str, query: str = "") -> Any:
        return self.api.delete(path(product_id) + query, token=self.token)

    def empty(self, query: str = "") -> Any:
        return self.api.delete(f"/cart{query}", token=self.token)

    @property
    def cart(self) -> dict[str, int]:
        """How many of each product are in the cart."""
        return {line["productId"]: line["qty"] for line in self.look().json_body}

    def merge(self, secret: str | None, key: str | None = None, **more: Any) -> Any:
        headers = {"X-Guest-Cart": secret, "Idempotency-Key": key}
        sent = {name: value for name, value in headers.items() if value is not None}
        return self.api.post("/cart/merge", more, token=self.token, headers=sent)

    def changed(self, product_id: str) -> str:
        """When the cart's row says it changed, as checkout reads it."""
        return row(self.user_id, product_id)["updatedAt"]


class Guest:
    """Somebody who has a cart and no account."""

    def __init__(self, api: Any) -> None:
        self.api = api
        self.created = api.post("/cart/guest")
        self.secret = self.created.json_body["guestCart"]

    def ask(self, method: str, path: str, body: Any = None, key: str | None = None) -> Any:
        headers = {"X-Guest-Cart": self.secret, **({"Idempotency-Key": key} if key else {})}
        return self.api.request(method, f"/cart/guest{path}", body, None, headers)

    def add(self, product_id: str, quantity: Any = 1, key: str | None = None) -> Any:
        return self.ask("POST", "/items", {"productId": product_id, "quantity": quantity}, key)

    def add_all(self, products: Sequence[str], quantity: int) -> None:
        """Put so many of each into the cart: the first by the service, then rows like its."""
        first, *others = products
        assert self.add(first, quantity).status_code == 200
        added = row(self.row_key, first)
        fill("Carts", [{**added, "productId": each} for each in others])

    def look(self, query: str = "") -> Any:
        return self.ask("GET", query)

    def set_quantity(self, product_id: str, quantity: Any) -> Any:
        return self.ask("PATCH", f"/items/{quote(product_id, safe='')}", {"quantity": quantity})

    def remove(self, product_id: str) -> Any:
        return self.ask("DELETE", f"/items/{quote(product_id, safe='')}")

    def empty(self) -> Any:
        return self.ask("DELETE", "")

    def everything(self) -> list[Any]:
        """The answers to all that can be asked of the cart."""
        return [
            self.add(BOWL),
            self.look(),
            self.set_quantity(BOWL, 2),
            self.remove(BOWL),
            self.empty(),
        ]

    @property
    def cart(self) -> dict[str, int]:
        """How many of each product are in the cart."""
        return {line["productId"]: line["qty"] for line in self.look().json_body}

    @property
    def row_key(self) -> str:
        """The hash key of the cart's rows."""
        return f"GUEST#{hashlib.sha256(self.secret.encode()).hexdigest()}"

    def expire(self) -> None:
        """Thirty days pass, and DynamoDB has not got round to deleting anything."""
        aws.client("dynamodb").update_item(
            TableName="Carts",
            Key=typed({"userId": self.row_key, "productId": "KEY#GUEST"}),
            UpdateExpression="SET expiresAt = :then",
            ExpressionAttributeValues=typed({":then": int(time.time())}),
        )


@pytest.fixture
def guest(api) -> Guest:
    return Guest(api)


@pytest.fixture
def jimmy(api, tokens) -> Customer:
    return Customer(api, tokens.customer(JIMMY), JIMMY)


@pytest.fixture
def anna(api, tokens) -> Customer:
    return Customer(api, tokens.customer("USER#01ANNA", "anna@example.com"), "USER#01ANNA")


@pytest.fixture
def admin(api, tokens) -> Customer:
    return Customer(api, tokens.admin(), "USER#01ADMIN")


@pytest.fixture
def hold(sell: Sell) -> Callable[[str, int], list[str]]:
    """Let so many products be in somebody's cart, one of each; they are on sale."""

    def fill_up(user_id: str, number: int) -> list[str]:
        products = [f"PROD#FULL{each:03}" for each in range(number)]
        fill("Products", [product(each) for each in products])
        stamp = "2025-10-13T14:10:00.123Z"
        line = {"userId": user_id, "qty": 1, "addedAt": stamp, "updatedAt": stamp}
        fill("Carts", [{**line, "productId": each} for each in products])
        return products

    return fill_up


@pytest.fixture
def full_cart(sell: Sell, jimmy: Customer) -> Sequence[str]:
    """250 products, one, two or three of each, in Jimmy's cart."""
    products = [f"PROD#{number:03}" for number in range(1, 251)]
    fill("Products", [product(each, f"Bowl {int(each[5:])}") for each in products])
    stamps = {"addedAt": "2025-10-13T14:10:00.123Z", "updatedAt": "2025-10-13T14:10:00.123Z"}
    lines = [{"productId": each, "qty": number % 3 + 1} for number, each in enumerate(products)]
    fill("Carts", [{"userId": JIMMY, **line, **stamps} for line in lines])
    return products


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the service would have slept, each time."""
    taken: list[float] = []
    monkeypatch.setattr(time, "sleep", taken.append)
    return taken


@pytest.fixture
def sparing(
    monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> Callable[[str, int], list[int]]:
    """DynamoDB does at most so many items of each batch, and leaves the rest to be asked for again; 0 for none at all."""
    real = botocore.client.BaseClient._make_api_call
    limits: dict[str, int] = {}
    sizes: list[int] = []

    def call(client: Any, operation: str, arguments: dict[str, Any]) -> Any:
        if operation not in limits:
            return real(client, operation, arguments)
        ((table, asked),) = arguments["RequestItems"].items()
        many = asked["Keys"] if operation == "BatchGetItem" else asked
        sizes.append(len(many))
        done, left = many[: limits[operation]], many[limits[operation] :]
        answer = {"Responses": {table: []}}
        if done:
            asking = {**asked, "Keys": done} if operation == "BatchGetItem" else done
            answer = real(client, operation, {**arguments, "RequestItems": {table: asking}})
        over = (
            {table: {**asked, "Keys": left} if operation == "BatchGetItem" else left}
            if left
            else {}
        )
        return {**answer, "UnprocessedKeys": over, "UnprocessedItems": over}

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", call)

    def spare(operation: str, limit: int) -> list[int]:
        limits[operation] = limit
        return sizes

    return spare


@pytest.fixture
def before_writing(monkeypatch: pytest.MonkeyPatch, pauses: list[float]) -> Callable[..., None]:
    """Somebody else does something after the cart was read and before the transaction is written, so many times.

    Each deed comes before one transaction; what was planned last comes first.
    """
    real = botocore.client.BaseClient._make_api_call
    deeds: list[Callable[[], Any]] = []

    def call(client: Any, operation: str, arguments: dict[str, Any]) -> Any:
        if operation == "TransactWriteItems" and deeds:
            deeds.pop()()
        return real(client, operation, arguments)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", call)

    def interfere(deed: Callable[[], Any], times: int = 1) -> None:
        deeds.extend([deed] * times)

    return interfere


@pytest.fixture
def at_once() -> Iterator[Callable[..., list[Any]]]:
    """Do all of these at the same time, each in a thread, and give back their answers."""
    with ThreadPoolExecutor(16) as pool:

        def run(*deeds: Callable[[], Any]) -> list[Any]:
            start = threading.Barrier(len(deeds))

            def join(deed: Callable[[], Any]) -> Any:
                start.wait(10)
                return deed()

            return list(pool.map(join, deeds))

        yield run


def product(
    product_id: str, name: str = "Protein Bowl", price_minor: int = 1299, **more: Any
) -> dict[str, Any]:
    """A row of product-service's table, with more in it than a cart reads."""
    known = {"productId": product_id, "name": name, "priceMinor": price_minor, "currency": "USD"}
    return {**known, "status": "ACTIVE", "description": "High-protein meal", **more}


def fill(table: str, items: Sequence[dict[str, Any]]) -> None:
    """Put these rows into the table."""
    for start in range(0, len(items), 25):
        puts = [{"PutRequest": {"Item": typed(item)}} for item in items[start : start + 25]]
        aws.client("dynamodb").batch_write_item(RequestItems={table: puts})


def path(product_id: str) -> str:
    return f"/cart/{quote(product_id, safe='')}"


def rows(user_id: str) -> list[dict[str, Any]]:
    """All rows of one cart."""
    found = aws.client("dynamodb").query(
        TableName="Carts",
        KeyConditionExpression="userId = :whose",
        ExpressionAttributeValues=typed({":whose": user_id}),
        ConsistentRead=True,
    )
    return [
        {name: _deserializer.deserialize(value) for name, value in item.items()}
        for item in found["Items"]
    ]


def row(user_id: str, product_id: str) -> dict[str, Any]:
    """The row of the table; empty if there is none."""
    key = typed({"userId": user_id, "productId": product_id})
    item = (
        aws.client("dynamodb")
        .get_item(TableName="Carts", Key=key, ConsistentRead=True)
        .get("Item", {})
    )
    return {name: _deserializer.deserialize(value) for name, value in item.items()}


def typed(item: dict[str, Any]) -> dict[str, Any]:
    return {name: _serializer.serialize(value) for name, value in item.items()}
