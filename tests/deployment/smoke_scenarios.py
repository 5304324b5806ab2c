"""A scenario for each service, with its API, its authorizer and another Lambda."""

import time
from collections.abc import Callable
from typing import Any

from testkit.tokens import JIMMY, Tokens
from tests.deployment import deployed
from tests.deployment.sandbox import STAGE, Deployed

ORDER = "ORDER#01JA2M9Q6T0000000000000000"


def check_users(users: Deployed, tokens: Tokens) -> None:
    """The Lambda creates a signing key, and the authorizer accepts its tokens."""
    users.invoke("rotate-signing-key", {})
    who = {"email": "jane@example.com", "password": "12345"}
    assert users.request("POST", "/user/register", body=who | {"name": "Jane"}).status_code == 201
    token = users.request("POST", "/user/login", body=who).json()["token"]

    assert users.request("GET", "/user/profile", token).json()["email"] == "jane@example.com"


def check_products(products: Deployed, tokens: Tokens) -> None:
    """Stock that the Lambda reserves is no longer available."""
    bowl = {"name": "Protein Bowl", "price": 12.99, "stock": 5}
    made = products.request("POST", "/product", tokens.admin(), bowl).json()["productId"]
    products.invoke("check-inventory", {"orderId": ORDER, "items": [{"productId": made, "qty": 2}]})

    assert (
        products.request("GET", f"/product/{made.partition('#')[2]}").json()["availableStock"] == 3
    )


def check_carts(carts: Deployed, tokens: Tokens) -> None:
    """The Lambda removes bought items from the cart."""
    cart = {"userId": JIMMY, "productId": "PROD#01JA2M9Q6T0000000000000000"}
    bought = [{"productId": cart["productId"], "qty": 1}]
    answer = carts.invoke("clear-cart", {"orderId": ORDER, "userId": JIMMY, "items": bought})

    assert answer["status"] == "CLEARED"
    assert carts.request("GET", "/cart", tokens.customer()).json() == []


def check_orders(orders: Deployed, tokens: Tokens) -> None:
    """An order that failed before it was stored is shown to its customer."""
    orders.invoke("fail-order", {"orderId": ORDER, "userId": JIMMY, "reason": "sold out"})

    seen = orders.request("GET", f"/order/{ORDER.partition('#')[2]}", tokens.customer()).json()
    assert (seen["status"], seen["reason"]) == ("FAILED", "sold out")


def check_checkouts(checkouts: Deployed, tokens: Tokens) -> None:
    """A payment that never started is voided, and an unknown order is not found."""
    assert checkouts.invoke("refund-payment", {"orderId": ORDER})["status"] == "VOIDED"

    unknown = checkouts.request("GET", "/checkout/01JA2M9Q6T0000000000000009", tokens.customer())
    assert (unknown.status_code, unknown.json()["Code"]) == (404, "OrderNotFound")


def check_analytics(analytics: Deployed, tokens: Tokens) -> None:
    """A new order is logged by way of its table's stream."""
    row = {
        "orderId": "ORDER#01JA2M9Q6T0000000000000001",
        "userId": JIMMY,
        "status": "CREATED",
        "currency": "USD",
    }
    item = {name: {"S": value} for name, value in row.items()} | {"totalMinor": {"N": "1299"}}
    item["createdAt"] = {"S": "2026-11-22T10:00:00.000Z"}
    analytics.cloud.client("dynamodb").put_item(TableName="Orders", Item=item)

    assert poll(lambda: analytics.request("GET", "/analytics/events", tokens.admin()).json())


def check_any_service(service: Deployed, tokens: Tokens) -> None:
    """No GET route fails."""
    routes = deployed.entry_points(service.cloud, service.service, STAGE)["routes"]
    paths = [
        route.split(" ")[1] for route in routes if route.startswith("GET") and "{" not in route
    ]

    assert all(service.request("GET", path, tokens.admin()).status_code < 500 for path in paths)


SCENARIOS: dict[str, Callable[[Deployed, Tokens], None]] = {
    "user-service": check_users,
    "product-service": check_products,
    "cart-service": check_carts,
    "order-service": check_orders,
    "checkout-orchestrator": check_checkouts,
    "analytics-service": check_analytics,
}


def poll(read: Callable[[], Any], seconds: float = 30) -> Any:
    """Read until there is something."""
    deadline = time.monotonic() + seconds
    while not (result := read()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return result
