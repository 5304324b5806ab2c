import json
import time

import httpx

from common import ids, redaction
from delivery.paths import SERVICES
from devcloud import logs, settings
from testkit import emf
from tests.support.actors import ok, poll_until

CONSUMERS = {
    "checkout-orchestrator-local": "the entry",
    "order-service-local-validate-order": "the first step",
    "product-service-local-check-inventory": "a step of another service",
    "checkout-orchestrator-local-process-payment": "the payment",
    "order-service-local-create-order-record": "the last step",
    "cart-service-local-clear-cart": "what goes on beside it",
    "order-service-local-announce-orders": "the stream",
    "checkout-orchestrator-local-on-order-created": "a consumer of the bus",
    "checkout-orchestrator-local-on-order-done-receipt": "the last mail",
    "checkout-orchestrator-local-on-order-done-audit": "the audit",
    "analytics-service-local-on-order-done": "the report",
}


def has_no_customer(function, line) -> bool:
    """Whether the line is about an order without its customer: webhooks and stock."""
    is_webhook = line.get("path", "").startswith("/checkout/webhooks/")
    return is_webhook or function == "analytics-service-local-on-analytics-queue"


def test_one_correlation_id_leads_from_the_request_to_the_last_consumer(shop, jimmy, bowl):
    identifier = f"trace-{jimmy.user_id[-8:]}"
    jimmy.add_to_cart(bowl)
    answer = jimmy.http.post(
        "/checkout",
        json={"paymentMethod": "pm_card_visa", "method": "CARD"},
        headers={"X-Correlation-Id": identifier},
    )
    assert answer.headers["X-Correlation-Id"] == identifier
    assert jimmy.await_outcome(ok(answer, 202)["orderId"])["status"] == "CONFIRMED"

    def reached():
        services = {name.split("-local")[0] for name in CONSUMERS}
        entries = [entry for service in services for entry in logs.entries(shop.cloud, service)]
        tag = f'"correlation_id":"{identifier}"'
        return {entry.function for entry in entries if tag in entry.text}

    poll_until(reached, lambda names: set(CONSUMERS) <= names, 30)


def test_logs_hold_no_secrets(shop, jimmy, bowl):
    assert jimmy.await_outcome(jimmy.buy(bowl))["status"] == "CONFIRMED"

    kept = settings.of(shop.directory)
    token = jimmy.http.headers["Authorization"].removeprefix("Bearer ")
    forbidden = (
        kept.stripe_api_key,
        kept.stripe_webhook_secret,
        kept.admin_password,
        token,
        "test123",
    )
    for service in ("user-service", "checkout-orchestrator", "order-service"):
        text = "\n".join(entry.text for entry in logs.entries(shop.cloud, service))
        for secret in forbidden:
            assert secret not in text, f"{service} logs {secret[:8]}..."


def log_lines(shop, order_id, since=0) -> list[tuple[str, dict]]:
    """Each Lambda's name and line with the correlation id of the order's request."""
    lines = [
        (entry.function, json.loads(entry.text))
        for service in SERVICES
        for entry in logs.entries(shop.cloud, service, since)
        if entry.text.startswith("{")
    ]
    bare = order_id.removeprefix("ORDER#")
    requests = {
        line.get("correlation_id") for _, line in lines if bare in str(line.get("order_id"))
    }
    return [(function, line) for function, line in lines if line.get("correlation_id") in requests]


def await_log_lines(shop, order_id, is_complete, since=0) -> list[dict]:
    """The order's log lines, once consumers have logged as much as this."""
    return [
        line for _, line in poll_until(lambda: log_lines(shop, order_id, since), is_complete, 30)
    ]


def business_metrics(lines) -> dict[str, list[float]]:
    """The business metrics that CloudWatch would read from the lines."""
    metrics: dict[str, list[float]] = {}
    for measure in emf.read(json.dumps(line) for line in lines):
        if "function" not in dict(measure.dimensions):
            metrics.setdefault(measure.name, []).append(measure.value)
    return metrics


def test_every_line_of_a_checkout_names_its_order_and_masked_customer(shop, jimmy, bowl):
    began = int(time.time() * 1000)
    order_id = jimmy.buy(bowl)
    assert jimmy.await_outcome(order_id)["status"] == "CONFIRMED"

    lines = poll_until(
        lambda: log_lines(shop, order_id, began),
        lambda seen: {name for name, _ in seen} >= set(CONSUMERS),
        30,
    )
    assert [line for line in lines if line[1].get("order_id") != order_id] == []
    customers = {
        line.get("customer_id"): line
        for function, line in lines
        if not has_no_customer(function, line)
    }
    assert customers.keys() == {redaction.customer(jimmy.user_id)}, customers
    text = json.dumps([line for _, line in lines])
    for mine in (jimmy.user_id, jimmy.user_id.removeprefix("USER#"), jimmy.email, "Jimmy Patel"):
        assert mine not in text


def test_no_log_contains_a_customers_id_or_address(shop, jimmy, bowl):
    jimmy.await_outcome(jimmy.buy(bowl))

    text = "\n".join(
        entry.text for service in SERVICES for entry in logs.entries(shop.cloud, service)
    )
    assert redaction.customer(jimmy.user_id) in text
    assert jimmy.user_id not in text
    assert jimmy.email not in text


def test_a_repeated_purchase_counts_once(shop, jimmy, bowl):
    jimmy.add_to_cart(bowl, 2)
    order_id = ok(jimmy.check_out(key="measured"), 202)["orderId"]
    assert jimmy.await_outcome(order_id)["status"] == "CONFIRMED"
    ok(jimmy.check_out(key="measured"), 202)

    metrics = business_metrics(
        await_log_lines(shop, order_id, lambda seen: {name for name, _ in seen} >= set(CONSUMERS))
    )
    assert metrics.pop("CheckoutDuration")[0] > 0
    assert metrics == {
        "OrdersPlaced": [1],
        "OrdersConfirmed": [1],
        "Revenue": [2598],
        "PaymentsCaptured": [1],
    }


def test_a_decline_counts_once_and_brings_no_revenue(shop, jimmy, bowl):
    order_id = jimmy.buy(bowl, payment_method="pm_card_visa_chargeDeclinedInsufficientFunds")
    assert jimmy.await_outcome(order_id)["status"] == "FAILED"

    metrics = business_metrics(
        await_log_lines(
            shop, order_id, lambda seen: "send-notification" in str([name for name, _ in seen])
        )
    )
    assert metrics.pop("CheckoutDuration")[0] > 0
    # Among all declines, and among those for its reason.
    assert metrics.pop("PaymentsDeclined") == [1, 1]
    assert metrics == {"OrdersPlaced": [1], "OrdersFailed": [1]}


def test_an_order_that_is_out_of_stock_conflicts_once(shop, probe, bowl):
    """Its goods went to another order after it was placed."""
    order_id = ids.new("ORDER")
    step = {"orderId": order_id, "userId": "USER#1", "correlationId": ids.suffix(ids.new("COR"))}
    too_much = {**step, "items": [{"productId": bowl, "qty": 6}]}
    assert not probe.try_invoke("product-service-local-check-inventory", too_much)
    probe.invoke("product-service-local-release-inventory", step)

    lines = await_log_lines(shop, order_id, lambda seen: len({name for name, _ in seen}) == 2)
    assert business_metrics(lines) == {"ReservationConflicts": [1]}


def test_a_refund_counts_once(shop, jimmy, admin, bowl):
    order_id = jimmy.buy(bowl)
    assert jimmy.await_outcome(order_id)["status"] == "CONFIRMED"
    for _ in range(2):
        path, body = f"/order/{order_id.replace('#', '%23')}/refund", {"reason": "broken"}
        ok(admin.http.post(path, json=body), 202)

    lines = await_log_lines(
        shop,
        order_id,
        lambda seen: "order-service-local-on-payment-refunded" in {name for name, _ in seen},
    )
    metrics = business_metrics(lines)
    assert (metrics["Refunds"], metrics["Refunded"]) == ([1], [1299])


def test_the_machine_is_measured_by_function(shop, jimmy, bowl):
    assert jimmy.await_outcome(jimmy.buy(bowl))["status"] == "CONFIRMED"
    invalid = {"Authorization": "Bearer invalid"}
    assert httpx.get(f"{shop.url}/cart", headers=invalid, timeout=40).status_code == 401

    def measured():
        lines = [entry.text for name in SERVICES for entry in logs.entries(shop.cloud, name)]
        return {
            (measure.name, *(name for _, name in measure.dimensions)) for measure in emf.read(lines)
        }

    expected = {("ColdStarts", name) for name in CONSUMERS} | {
        ("Refusals", "cart-service-local-authorizer")
    }
    poll_until(measured, lambda seen: expected <= seen, 30)
