import httpx
import pytest

from tests.support.actors import ok, until


@pytest.fixture
def gateway(shop):
    """The switches of the payment gateway; all off again afterwards."""

    def switch(**settings):
        ok(httpx.post(f"{shop.stripe_url}/_control/switches", json=settings))

    yield switch
    httpx.post(f"{shop.stripe_url}/_control/switches/reset")


def answer_challenge(shop, action, verdict):
    """What the customer does on their bank's page."""
    intent = action["paymentIntentId"]
    ok(httpx.post(f"{shop.stripe_url}/_control/payment_intents/{intent}/{verdict}"))


def test_a_card_that_wants_3d_secure_is_charged_once_the_customer_agrees(shop, jimmy, bowl, sight):
    order_id = jimmy.buy(bowl, 1, "pm_card_threeDSecure2Required")
    action = jimmy.next_action(order_id)
    assert sight.charged(order_id) == (0, 0)

    answer_challenge(shop, action, "approve")

    assert jimmy.outcome(order_id)["status"] == "CONFIRMED"
    assert sight.charged(order_id) == (1299, 0)


def test_an_answer_lost_after_the_charge_does_not_charge_twice(jimmy, bowl, sight, gateway):
    gateway(lose_answers=1)

    order_id = jimmy.buy(bowl)

    assert jimmy.outcome(order_id, 90)["status"] == "CONFIRMED"
    assert sight.charged(order_id) == (1299, 0)


def test_a_gateway_that_is_down_for_a_while_only_delays_the_purchase(jimmy, bowl, sight, gateway):
    gateway(down=True)
    order_id = jimmy.buy(bowl)
    until(lambda: sight.row("Payments", paymentId=order_id.replace("ORDER", "PAY")), bool, 30)

    gateway(down=False)

    assert jimmy.outcome(order_id, 120)["status"] == "CONFIRMED"
    assert sight.charged(order_id) == (1299, 0)


def test_webhooks_that_come_twice_change_nothing(shop, jimmy, bowl, sight, gateway):
    gateway(duplicate_webhooks=True)
    order_id = jimmy.buy(bowl, 1, "pm_card_threeDSecure2Required")

    answer_challenge(shop, jimmy.next_action(order_id), "approve")

    assert jimmy.outcome(order_id)["status"] == "CONFIRMED"
    assert sight.charged(order_id) == (1299, 0)
    assert sight.stock(bowl) == (4, 0, 1)
