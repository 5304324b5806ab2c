from localcloud import logs, settings
from tests.people import ok, until

LISTENERS = {
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


def test_one_correlation_id_leads_from_the_request_to_the_last_consumer(shop, jimmy, bowl):
    identifier = f"trace-{jimmy.user_id[-8:]}"
    jimmy.put_in_cart(bowl)
    answer = jimmy.http.post(
        "/checkout",
        json={"paymentMethod": "pm_card_visa", "method": "CARD"},
        headers={"X-Correlation-Id": identifier},
    )
    assert answer.headers["X-Correlation-Id"] == identifier
    assert jimmy.outcome(ok(answer, 202)["orderId"])["status"] == "CONFIRMED"

    def reached():
        services = {name.split("-local")[0] for name in LISTENERS}
        lines = [line for service in services for _, line in logs.lines(shop.cloud, service)]
        return {line.split()[0] for line in lines if f'"correlation_id":"{identifier}"' in line}

    until(reached, lambda names: set(LISTENERS) <= names, 30)


def test_logs_hold_no_secrets(shop, jimmy, bowl):
    assert jimmy.outcome(jimmy.buy(bowl))["status"] == "CONFIRMED"

    kept = settings.of(shop.directory)
    token = jimmy.http.headers["Authorization"].removeprefix("Bearer ")
    forbidden = (kept.stripe_api_key, kept.stripe_webhook_secret, kept.admin_password, token, "test123")
    for service in ("user-service", "checkout-orchestrator", "order-service"):
        text = "\n".join(line for _, line in logs.lines(shop.cloud, service))
        for secret in forbidden:
            assert secret not in text, f"{service} logs {secret[:8]}..."
