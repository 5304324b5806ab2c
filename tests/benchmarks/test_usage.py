"""What a request and an order ask of AWS, checked against budgets.toml.

`make budgets` writes the file.

An order's steps and consumers run concurrently: of a payment's two events either may come first,
and a write may be retried. So the budget must lie within what up to five orders ask, each count by
itself. The test fails where all of them ask more, or all of them less, than the spread allows.
"""

import os
import statistics
import tomllib
import uuid
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.support import usage_meter
from tests.support.actors import Account, Admin, Customer, ok, poll_until
from tests.support.usage_meter import Counts

BUDGETS = Path(__file__).with_name("budgets.toml")
WRITES = os.environ.get("BUDGETS") == "write"
ORDER, FULL_ORDER = "order", "order with address, method, tax and coupon"
BOWL = {"name": "Protein Bowl", "price": 12.99, "description": "High-protein meal", "stock": 5}
ADDRESS = {
    "name": "Jimmy Patel",
    "line1": "Hauptstrasse 1",
    "city": "Berlin",
    "postalCode": "10115",
    "country": "DE",
}
KINDS = (ORDER, FULL_ORDER)
_MAX_ORDERS = 5
# Ids and times in log lines differ in length.
_SLACK = {"kilobytes of logs": 0.2}
# Of an order: PaymentSuccess and the saga both commit its stock. When they meet, InventoryUpdated
# is sent twice, and recorded once. All other counts are exact.
_SPREAD = {
    "invocations analytics-service-on-analytics-queue": 1,
    "messages": 1,
    "requests dynamodb": 1,
    "writes": 8,
}
_HEADING = """# What the shop asks of AWS, counted by `make budgets` on the local cloud.
# tests/benchmarks/test_usage.py fails for more and for less. A request is that of the API Lambda.
# An order is one product paid by card, from POST /checkout to the last consumer, without an
# address or with all that a price is made from. Reads and writes
# are DynamoDB's on-demand units. Each message of a batch is an invocation. Not counted: what a
# process requests once (secrets, parameters, a queue's URL).
"""


@pytest.fixture
def orders(probe, faults, admin, shop) -> Callable[[str], Counts]:
    """Lets a customer without orders, which would be read, buy something.

    Returns its counts.
    """
    terms = {ORDER: {}, FULL_ORDER: create_terms(admin)}

    def buy(kind: str) -> Counts:
        customer, goods = Customer.register(shop.url), admin.create_product(**BOWL)
        counts = usage_meter.measure_order(probe, faults, customer, goods, terms[kind])
        customer.close()
        return counts

    return buy


def create_terms(admin: Admin) -> dict[str, Any]:
    """Create a shipping method and a coupon. Returns what a customer sends.

    The shop has a tax rate for the country already.
    """
    method = {"name": "Post", "zones": [{"countries": ["DE"]}], "bands": [{"price": 4.9}]}
    code = f"COUNTED-{uuid.uuid4().hex[:8].upper()}"
    limits = {"usageLimit": 1000, "usageLimitPerCustomer": 100}
    coupon = {"name": "Ten", "code": code, "effect": "PERCENT", "percent": 10, **limits}
    created = ok(admin.http.post("/shipping-methods", json=method), 201)
    ok(admin.http.post("/promotions", json=coupon), 201)
    return {
        "shippingAddress": ADDRESS,
        "shippingMethodId": created["methodId"],
        "couponCodes": [code],
    }


def measure_routes(faults, jimmy: Customer, admin: Admin) -> dict[str, Counts]:
    """Request each of the main routes. Returns their counts."""
    order_id = jimmy.buy(admin.create_product(**BOWL))
    jimmy.await_outcome(order_id)
    poll_until(jimmy.get_cart, lambda cart: not cart, 30)
    email, order = f"jimmy-{uuid.uuid4().hex[:10]}@example.com", quote(order_id, safe="")
    person = {"email": email, "password": "test123", "name": "Jimmy Patel"}
    category = f"counted-{uuid.uuid4().hex[:8]}"
    bowl = admin.create_product(**BOWL, category=category)
    line = {"productId": bowl, "quantity": 1}
    order_body = {"cartItems": [{"productId": bowl, "qty": 1}], "paymentMethod": "pm_card_visa"}
    product = quote(bowl, safe="")
    names = {order: "{orderId}", product: "{productId}", category: "{category}"}
    requests = {
        "POST /user/register": ("user-service", person),
        "POST /user/login": ("user-service", {"email": email, "password": "test123"}),
        "GET /user/profile": ("user-service", None),
        f"GET /products?category={category}": ("product-service", None),
        f"GET /product/{product}": ("product-service", None),
        "POST /cart": ("cart-service", line),
        "GET /cart": ("cart-service", None),
        "POST /order": ("order-service", order_body),
        "POST /checkout": (
            "checkout-orchestrator",
            {"method": "CARD", "paymentMethod": "pm_card_visa"},
        ),
        f"GET /order/{order}": ("order-service", None),
        f"GET /checkout/{order}": ("checkout-orchestrator", None),
        "GET /orders": ("order-service", None),
        f"POST /order/{order}/refund": ("order-service", {"reason": "broken"}),
    }
    counts = {
        template_of(route, names): usage_meter.measure_request(
            faults, service, partial(send, admin if "/refund" in route else jimmy, route, body)
        )
        for route, (service, body) in requests.items()
    }
    # While an order of a cart is being paid, there is no other.
    poll_until(
        lambda: ok(jimmy.http.get("/orders")),
        lambda orders: all(order["status"] != "CREATED" for order in orders),
        30,
    )
    return counts


def template_of(route: str, names: dict[str, str]) -> str:
    """The route with the names of its parameters."""
    for value, name in names.items():
        route = route.replace(value, name)
    return route


def send(person: Account, route: str, body: object, headers: dict[str, str]) -> httpx.Response:
    method, _, path = route.partition(" ")
    given = {} if body is None else {"json": body}
    return person.http.request(method, path, headers=headers, **given)


@pytest.mark.skipif(WRITES, reason="the budgets are being written")
def test_the_shop_asks_of_aws_what_its_budgets_say(orders, faults, jimmy, admin):
    budgets = tomllib.loads(BUDGETS.read_text())
    measured = measure_routes(faults, jimmy, admin)

    wrong = []
    for kind in KINDS:
        seen = [orders(kind)]
        while deviations(kind, budgets.get(kind, {}), seen) and len(seen) < _MAX_ORDERS:
            seen.append(orders(kind))
        wrong += deviations(kind, budgets.get(kind, {}), seen)
    for route, one in measured.items():
        wrong += deviations(route, budgets.get(route, {}), [one], {})
    wrong += [
        f"{name} is no longer measured"
        for name in sorted(set(budgets) - {ORDER, FULL_ORDER, *measured})
    ]

    assert not wrong, "\n".join(
        [*wrong, "If this is intended, `make budgets` writes tests/benchmarks/budgets.toml."]
    )


def deviations(
    what: str, budget: Counts, seen: list[Counts], spread: Mapping[str, float] = _SPREAD
) -> list[str]:
    """A sentence for each count that is always above or always below its budget."""
    sentences = []
    for name in sorted(set(budget).union(*seen)):
        known, counts = budget.get(name, 0), [one.get(name, 0) for one in seen]
        slack = known * _SLACK.get(name, 0) + spread.get(name, 0)
        if min(counts) > known + slack:
            sentences.append(f"{what}: {name} rose from {known:g} to {min(counts):g}.")
        elif max(counts) < known - slack:
            sentences.append(f"{what}: {name} fell from {known:g} to {max(counts):g}.")
    return sentences


def test_a_count_off_its_budget_is_named_with_both_figures():
    budget = {"reads": 3, "writes": 8, "kilobytes of logs": 13}
    seen = [
        {"reads": 4, "writes": 7, "kilobytes of logs": 15, "events": 1},
        {"reads": 5, "writes": 6, "kilobytes of logs": 11, "events": 1},
    ]

    assert deviations("order", budget, seen, {}) == [
        "order: events rose from 0 to 1.",
        "order: reads rose from 3 to 4.",
        "order: writes fell from 8 to 7.",
    ]
    assert deviations("order", budget, [*seen, budget]) == []


@pytest.mark.skipif(not WRITES, reason="only `make budgets` writes them")
def test_the_budgets_are_written(orders, faults, jimmy, admin):
    routes = measure_routes(faults, jimmy, admin)
    usual = {kind: median([orders(kind) for _ in range(_MAX_ORDERS)]) for kind in KINDS}
    measured = {**usual, **routes}

    BUDGETS.write_text(_HEADING + "".join(map(section, measured.items())))


def median(seen: list[Counts]) -> Counts:
    """Each count as most orders have it."""
    names = set().union(*seen)
    return {name: statistics.median(one.get(name, 0) for one in seen) for name in names}


def section(part: tuple[str, Counts]) -> str:
    """One table of the file."""
    name, counts = part
    return f'\n["{name}"]\n' + "".join(
        f'"{what}" = {counts[what]:g}\n' for what in sorted(counts) if counts[what]
    )
