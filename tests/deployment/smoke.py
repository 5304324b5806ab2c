"""For each service a short story that goes through its API, its authorizer, and a Lambda without a route."""

import time
from collections.abc import Callable
from typing import Any

from testkit.tokens import JIMMY, Tokens
from tests.deployment import deployed
from tests.deployment.sandbox import STAGE, Deployed

ORDER = "ORDER#01JA2M9Q6T0000000000000000"


def of_users(users: Deployed, tokens: Tokens) -> None:
    """A key is made by the Lambda, and signs what the authorizer believes."""
    users.invoke("rotate-signing-key", {})
    who = {"email": "jane@example.com", "password": "12345"}
    assert users.ask("POST", "/user/register", body=who | {"name": "Jane"}).status_code == 201
    token = users.ask("POST", "/user/login", body=who).json()["token"]

    assert users.ask("GET", "/user/profile", token).json()["email"] == "jane@example.com"


def of_products(products: Deployed, tokens: Tokens) -> None:
    """What the Lambda reserves is no longer for sale."""
    bowl = {"name": "Protein Bowl", "price": 12.99, "stock": 5}
    made = products.ask("POST", "/product", tokens.admin(), bowl).json()["productId"]
    products.invoke("check-inventory", {"orderId": ORDER, "items": [{"productId": made, "qty": 2}]})

    assert products.ask("GET", f"/product/{made.partition('#')[2]}").json()["availableStock"] == 3


def of_carts(carts: Deployed, tokens: Tokens) -> None:
    """What was bought leaves the cart, which shows."""
    cart = {"userId": JIMMY, "productId": "PROD#01JA2M9Q6T0000000000000000"}
    bought = [{"productId": cart["productId"], "qty": 1}]
    answer = carts.invoke("clear-cart", {"orderId": ORDER, "userId": JIMMY, "items": bought})

    assert answer["status"] == "CLEARED"
    assert carts.ask("GET", "/cart", tokens.customer()).json() == []


def of_orders(orders: Deployed, tokens: Tokens) -> None:
    """An order that failed before it was stored is told to its customer."""
    orders.invoke("fail-order", {"orderId": ORDER, "userId": JIMMY, "reason": "sold out"})

    seen = orders.ask("GET", f"/order/{ORDER.partition('#')[2]}", tokens.customer()).json()
    assert (seen["status"], seen["reason"]) == ("FAILED", "sold out")


def of_checkouts(checkouts: Deployed, tokens: Tokens) -> None:
    """A payment that never began is given up; of an order that nobody placed there is nothing to see."""
    assert checkouts.invoke("refund-payment", {"orderId": ORDER})["status"] == "VOIDED"

    unknown = checkouts.ask("GET", "/checkout/01JA2M9Q6T0000000000000009", tokens.customer())
    assert (unknown.status_code, unknown.json()["Code"]) == (404, "OrderNotFound")


def of_analytics(analytics: Deployed, tokens: Tokens) -> None:
    """A row of a neighbour's table comes through its stream and the Lambda into the log of events."""
    row = {
        "orderId": "ORDER#01JA2M9Q6T0000000000000001",
        "userId": JIMMY,
        "status": "CREATED",
        "currency": "USD",
    }
    item = {name: {"S": value} for name, value in row.items()} | {"totalMinor": {"N": "1299"}}
    item["createdAt"] = {"S": "2026-11-22T10:00:00.000Z"}
    analytics.cloud.client("dynamodb").put_item(TableName="Orders", Item=item)

    assert eventually(lambda: analytics.ask("GET", "/analytics/events", tokens.admin()).json())


def of_any(service: Deployed, tokens: Tokens) -> None:
    """None of the routes that only read breaks."""
    routes = deployed.ways_in(service.cloud, service.service, STAGE)["routes"]
    paths = [
        route.split(" ")[1] for route in routes if route.startswith("GET") and "{" not in route
    ]

    assert all(service.ask("GET", path, tokens.admin()).status_code < 500 for path in paths)


STORIES: dict[str, Callable[[Deployed, Tokens], None]] = {
    "user-service": of_users,
    "product-service": of_products,
    "cart-service": of_carts,
    "order-service": of_orders,
    "checkout-orchestrator": of_checkouts,
    "analytics-service": of_analytics,
}


def eventually(look: Callable[[], Any], seconds: float = 30) -> Any:
    """What `look` finds, once it finds something."""
    deadline = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found
