"""Customers and guests, as they use cart-service."""

import hashlib
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from tables import BOWL, put_rows, row, typed

from common import aws


class Customer:
    """A customer, or an admin, with a cart."""

    def __init__(self, api: Any, token: str, user_id: str) -> None:
        self.api, self.token, self.user_id = api, token, user_id

    def add(self, product_id: str, quantity: Any = 1, key: str | None = None, **more: Any) -> Any:
        body = {"productId": product_id, "quantity": quantity, **more}
        headers = {"Idempotency-Key": key} if key else {}
        return self.api.post("/cart", body, token=self.token, headers=headers)

    def read(self, query: str = "") -> Any:
        return self.api.get(f"/cart{query}", token=self.token)

    def set_quantity(self, product_id: str, quantity: Any, **more: Any) -> Any:
        body = {"quantity": quantity, **more}
        return self.api.patch(item_path(product_id), body, token=self.token)

    def remove(self, product_id: str, query: str = "") -> Any:
        return self.api.delete(item_path(product_id) + query, token=self.token)

    def empty(self, query: str = "") -> Any:
        return self.api.delete(f"/cart{query}", token=self.token)

    def merge(self, secret: str | None, key: str | None = None, **more: Any) -> Any:
        headers = {"X-Guest-Cart": secret, "Idempotency-Key": key}
        sent = {name: value for name, value in headers.items() if value is not None}
        return self.api.post("/cart/merge", more, token=self.token, headers=sent)

    @property
    def cart(self) -> dict[str, int]:
        """The quantity of each product in the cart."""
        return {line["productId"]: line["qty"] for line in self.read().json_body}

    def updated_at(self, product_id: str) -> str:
        """When the item was last changed, as checkout reads it."""
        return row(self.user_id, product_id)["updatedAt"]


class Guest:
    """A visitor who has a cart and no account."""

    def __init__(self, api: Any) -> None:
        self.api = api
        self.created = api.post("/cart/guest")
        self.secret = self.created.json_body["guestCart"]

    def request(self, method: str, path: str, body: Any = None, key: str | None = None) -> Any:
        headers = {"X-Guest-Cart": self.secret, **({"Idempotency-Key": key} if key else {})}
        return self.api.request(method, f"/cart/guest{path}", body, None, headers)

    def add(self, product_id: str, quantity: Any = 1, key: str | None = None) -> Any:
        return self.request("POST", "/items", {"productId": product_id, "quantity": quantity}, key)

    def add_all(self, products: Sequence[str], quantity: int) -> None:
        """Put the quantity of each product into the cart.

        The service adds the first; the others are rows like it.
        """
        first, *others = products
        assert self.add(first, quantity).status_code == 200
        added = row(self.owner_id, first)
        put_rows("Carts", [{**added, "productId": each} for each in others])

    def read(self, query: str = "") -> Any:
        return self.request("GET", query)

    def set_quantity(self, product_id: str, quantity: Any) -> Any:
        return self.request("PATCH", f"/items/{quote(product_id, safe='')}", {"quantity": quantity})

    def remove(self, product_id: str) -> Any:
        return self.request("DELETE", f"/items/{quote(product_id, safe='')}")

    def empty(self) -> Any:
        return self.request("DELETE", "")

    def call_every_route(self) -> list[Any]:
        """The responses of all routes of the cart."""
        return [
            self.add(BOWL),
            self.read(),
            self.set_quantity(BOWL, 2),
            self.remove(BOWL),
            self.empty(),
        ]

    @property
    def cart(self) -> dict[str, int]:
        """The quantity of each product in the cart."""
        return {line["productId"]: line["qty"] for line in self.read().json_body}

    @property
    def owner_id(self) -> str:
        """The hash key of the cart's rows."""
        return f"GUEST#{hashlib.sha256(self.secret.encode()).hexdigest()}"

    def expire(self) -> None:
        """Let the cart expire, without DynamoDB having deleted anything yet."""
        aws.client("dynamodb").update_item(
            TableName="Carts",
            Key=typed({"userId": self.owner_id, "productId": "KEY#GUEST"}),
            UpdateExpression="SET expiresAt = :then",
            ExpressionAttributeValues=typed({":then": int(time.time())}),
        )


def item_path(product_id: str) -> str:
    return f"/cart/{quote(product_id, safe='')}"
