"""The people and things of these tests: customers, a shelf of products, and a look into the tables."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import cache
from threading import Barrier
from typing import Any
from urllib.parse import quote

from chalice.test import HTTPResponse

from common import events, ids
from testkit import resources
from testkit.service_client import Api
from testkit.tokens import JIMMY

BOWL, SHAKE = "PROD#001", "PROD#002"
AMY = "USER#01AMY"


class Shelf:
    """The catalogue and the stock, as product-service writes them."""

    def supply(
        self, product_id: str, stock: int = 50, price_minor: int = 1299, **more: Any
    ) -> None:
        product = {
            "name": "Protein Bowl",
            "currency": "USD",
            "status": "ACTIVE",
            "priceMinor": price_minor,
        }
        table("Products").put_item(Item={"productId": product_id, **product, **more})
        table("Inventory").put_item(Item={"productId": product_id, "availableStock": stock})


class Customer:
    """Somebody with an access token."""

    def __init__(self, api: Api, token: str) -> None:
        self.api, self.token = api, token

    def order(self, *lines: tuple[str, int], key: str | None = None, **more: Any) -> HTTPResponse:
        body = {"cartItems": [{"productId": product, "qty": qty} for product, qty in lines], **more}
        return self.send(body, key)

    def send(self, body: Any, key: str | None = None) -> HTTPResponse:
        return self.api.post("/order", body, self.token, {"Idempotency-Key": key} if key else None)

    def see(self, order_id: str) -> HTTPResponse:
        return self.api.get(f"/order/{quote(order_id, safe='')}", self.token)

    def list(self, query: str = "") -> HTTPResponse:
        return self.api.get(f"/orders{query}", self.token)

    def cancel(self, order_id: str) -> HTTPResponse:
        return self.api.post(f"/order/{quote(order_id, safe='')}/cancel", token=self.token)

    def refund(
        self, order_id: str, *lines: tuple[str, int], key: str | None = None, **more: Any
    ) -> HTTPResponse:
        """Ask for the price of these lines back; of all that is left without any."""
        items = (
            {"items": [{"productId": product, "qty": qty} for product, qty in lines]}
            if lines
            else {}
        )
        headers = {"Idempotency-Key": key} if key else None
        return self.api.post(
            f"/order/{quote(order_id, safe='')}/refund", {**items, **more}, self.token, headers
        )


@cache
def table(name: str) -> Any:
    return resources.table(name)


def row(order_id: str) -> dict[str, Any] | None:
    """The order as it is stored."""
    return table("Orders").get_item(Key={"orderId": order_id}).get("Item")


def refusal(response: HTTPResponse) -> tuple[int, str]:
    return response.status_code, response.json_body["Code"]


def given_back(refund: HTTPResponse | dict[str, Any]) -> dict[str, Any]:
    """What the checkout tells of a refund, by the answer that its customer got."""
    asked = refund if isinstance(refund, dict) else refund.json_body
    event = events.create(
        events.PaymentRefunded,
        order_id=asked["orderId"],
        event_id=ids.deterministic("EVT", "PaymentRefunded", asked["refundId"]),
        user_id=JIMMY,
        payment_id="PAY#2001",
        refund_id=asked["refundId"],
        amount=Decimal(str(asked["amount"])),
        currency=asked["currency"],
        occurred_at="2025-10-14T09:00:00.000Z",
    )
    return events.to_message(event)


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    """Do all of it at the same time; what each gave, errors included."""
    start = Barrier(len(deeds))

    def do(deed: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return deed()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(do, deeds))
