import httpx
import pytest

from tests.support.actors import ok, poll_until


@pytest.fixture
def set_gateway_faults(shop):
    """Inject faults into the fake Stripe. They end with the test."""

    def set_gateway_faults(**faults):
        ok(httpx.post(f"{shop.stripe_url}/_control/switches", json=faults))

    yield set_gateway_faults
    httpx.post(f"{shop.stripe_url}/_control/switches/reset")


def answer_challenge(shop, action, verdict):
    """Approve or refuse on the bank's page."""
    intent = action["paymentIntentId"]
    ok(httpx.post(f"{shop.stripe_url}/_control/payment_intents/{intent}/{verdict}"))


def test_a_3d_secure_card_is_charged_once_the_customer_approves(shop, jimmy, bowl, probe):
    order_id = jimmy.buy(bowl, 1, "pm_card_threeDSecure2Required")
    action = jimmy.await_next_action(order_id)
    assert probe.charged(order_id) == (0, 0)

    answer_challenge(shop, action, "approve")

    assert jimmy.await_outcome(order_id)["status"] == "CONFIRMED"
    assert probe.charged(order_id) == (1299, 0)


def test_a_response_lost_after_the_charge_does_not_charge_twice(
    jimmy, bowl, probe, set_gateway_faults
):
    set_gateway_faults(lose_answers=1)

    order_id = jimmy.buy(bowl)

    assert jimmy.await_outcome(order_id, 90)["status"] == "CONFIRMED"
    assert probe.charged(order_id) == (1299, 0)


def test_a_gateway_that_is_down_only_delays_the_purchase(jimmy, bowl, probe, set_gateway_faults):
    set_gateway_faults(down=True)
    order_id = jimmy.buy(bowl)
    poll_until(lambda: probe.row("Payments", paymentId=order_id.replace("ORDER", "PAY")), bool, 30)

    set_gateway_faults(down=False)

    assert jimmy.await_outcome(order_id, 120)["status"] == "CONFIRMED"
    assert probe.charged(order_id) == (1299, 0)


def test_repeated_webhooks_change_nothing(shop, jimmy, bowl, probe, set_gateway_faults):
    set_gateway_faults(duplicate_webhooks=True)
    order_id = jimmy.buy(bowl, 1, "pm_card_threeDSecure2Required")

    answer_challenge(shop, jimmy.await_next_action(order_id), "approve")

    assert jimmy.await_outcome(order_id)["status"] == "CONFIRMED"
    assert probe.charged(order_id) == (1299, 0)
    assert probe.stock(bowl) == (4, 0, 1)
