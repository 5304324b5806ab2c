import json

import pytest
from tests.checkout_shop import ORDER

from chalicelib.payments.errors import GatewayNotConfigured
from chalicelib.payments.gateways.registry import get_gateway
from common import aws
from devcloud.stripe.webhooks import signature
from testkit import resources


@pytest.fixture
def paid(shop):
    """The customer has approved at the bank's page."""
    shop.add_order()
    shop.charge(payment_method="pm_card_threeDSecure2Required")
    shop.await_payment()
    shop.complete_challenge("approve")
    return shop


def captured_event(shop):
    return next(
        event
        for event in shop.stripe.store.list_all("event")
        if event["type"] == "payment_intent.succeeded"
    )


def stored_events():
    return resources.table("GatewayEvents").scan()["Items"]


def test_a_webhook_is_stored_and_queued_then_processed(paid, queue):
    assert paid.deliver_webhook(captured_event(paid)) == 200

    (row,) = stored_events()
    assert row["eventId"] == f"stripe:{captured_event(paid)['id']}"
    assert "handledAt" not in row
    assert paid.payment()["status"] == "REQUIRES_ACTION"
    (message,) = queue("payment-webhook-queue")
    paid.api.sqs("on-payment-webhook", [message])
    assert paid.payment()["status"] == "SUCCEEDED"
    assert "handledAt" in stored_events()[0]


def test_a_processed_webhook_is_not_queued_again(paid, queue):
    paid.deliver_webhooks("payment_intent.succeeded")

    assert [paid.deliver_webhook(captured_event(paid)) for _ in range(4)] == [200] * 4

    assert queue("payment-webhook-queue") == []
    assert len(stored_events()) == 1


def test_a_repeated_message_calls_no_gateway(paid):
    paid.deliver_webhook(captured_event(paid))
    message = {
        "gateway": "stripe",
        "eventId": captured_event(paid)["id"],
        "kind": "payment_intent.succeeded",
    }
    message |= {"intentId": paid.intents()[0]["id"], "orderId": ORDER}
    paid.api.sqs("on-payment-webhook", [message])
    paid.stripe.faults.set(unreachable=True)

    paid.api.sqs("on-payment-webhook", [message])

    assert paid.charged() == (2598, 0)


def test_a_webhook_whose_message_was_lost_is_queued_again(paid, interceptor):
    interceptor.fail_calls("sqs", "SendMessage")
    assert paid.deliver_webhook(captured_event(paid)) == 500
    assert len(stored_events()) == 1

    paid.deliver_webhooks("payment_intent.succeeded")

    assert paid.payment()["status"] == "SUCCEEDED"


def test_a_capture_that_the_step_stored_is_published_once(shop, bus):
    shop.add_order()
    shop.charge()

    shop.deliver_webhooks("payment_intent.succeeded")

    assert len(bus.events("PaymentSuccess")) == 1


def test_a_capture_that_the_webhook_stored_is_published_after_a_crash(
    paid, bus, queue, interceptor
):
    paid.deliver_webhook(captured_event(paid))
    (message,) = queue("payment-webhook-queue")
    interceptor.fail_calls("events", "PutEvents")
    with pytest.raises(Exception, match="failed"):
        paid.api.sqs("on-payment-webhook", [message])
    assert (paid.payment()["status"], bus.events("PaymentSuccess")) == ("SUCCEEDED", [])

    paid.api.sqs("on-payment-webhook", [message])

    assert len(bus.events("PaymentSuccess")) == 1


def test_a_webhook_without_a_row_is_stored_before_it_is_processed(paid, queue):
    paid.deliver_webhook(captured_event(paid))
    (message,) = queue("payment-webhook-queue")
    table = resources.table("GatewayEvents")
    table.delete_item(Key={"eventId": stored_events()[0]["eventId"]})

    paid.api.sqs("on-payment-webhook", [message])

    assert stored_events()[0]["kind"] == "payment_intent.succeeded"
    assert "handledAt" in stored_events()[0]


def test_a_capture_of_another_amount_is_refunded(paid, queue):
    (intent,) = paid.intents()
    paid.stripe.store.put(
        "payment_intent", intent["id"], {**intent, "amount": 100, "amount_received": 100}
    )

    paid.deliver_webhooks("payment_intent.succeeded")

    assert paid.task_tokens.results == {"token-1": "PaymentDeclined"}
    assert paid.payment()["status"] == "FAILED"
    paid.refund()
    assert paid.charged() == (100, 100)


def test_a_capture_in_another_currency_pays_nothing(paid):
    (intent,) = paid.intents()
    paid.stripe.store.put("payment_intent", intent["id"], {**intent, "currency": "jpy"})

    paid.deliver_webhooks("payment_intent.succeeded")

    assert paid.payment()["status"] == "FAILED"


@pytest.mark.parametrize("age", [0, 299])
def test_a_fresh_signature_is_valid(paid, age):
    assert delivered(paid, age) == 200


@pytest.mark.parametrize("age", [301, 25 * 3600])
def test_a_signature_older_than_five_minutes_is_invalid(paid, age):
    assert delivered(paid, age) == 400
    assert stored_events() == []


def delivered(shop, age):
    import time

    body = json.dumps(captured_event(shop)).encode()
    headers = {"Stripe-Signature": signature(body, "whsec_test", at=int(time.time()) - age)}
    return shop.api.post("/checkout/webhooks/stripe", body, headers=headers).status_code


@pytest.mark.parametrize(
    "secret", [{"apiKey": "sk_test_1"}, {"apiKey": "sk_test_1", "webhookSecret": " "}]
)
def test_without_the_webhook_secret_nothing_is_charged(shop, secret):
    aws.client("secretsmanager").put_secret_value(
        SecretId="commerce/stripe", SecretString=json.dumps(secret)
    )
    get_gateway("stripe").forget_keys()

    answer = shop.api.post(
        "/checkout/webhooks/stripe", b"{}", headers={"Stripe-Signature": "t=1,v1=0"}
    )

    assert (answer.status_code, answer.json_body["Code"]) == (502, "GatewayNotConfigured")
    assert "commerce/stripe has no webhookSecret" in answer.json_body["Message"]
    with pytest.raises(GatewayNotConfigured):
        shop.charge()
    assert shop.charged() == (0, 0)
