"""Once an order's offer has ended, nothing starts or confirms a charge."""

import pytest
from tests.checkout_shop import ORDER, VALIDATE

from chalicelib.payments.errors import PaymentExpired
from common import clock

CHALLENGED = "pm_card_threeDSecure2Required"


def past():
    return clock.iso(clock.epoch() - 1)


def pay(shop, token, payment_method="pm_card_visa"):
    body = {"orderId": ORDER, "paymentMethod": payment_method}
    return shop.api.post("/checkout", body, token=token)


@pytest.mark.parametrize("payment_method", ["pm_card_visa", None])
def test_a_late_saga_starts_no_charge(shop, payment_method):
    with pytest.raises(PaymentExpired):
        shop.charge(payment_method=payment_method, payBy=past())

    assert shop.intents() == []


def test_a_late_order_of_nothing_is_not_confirmed(shop):
    with pytest.raises(PaymentExpired):
        shop.charge(amount=0, payBy=past())

    assert shop.payment()["status"] == "STARTED"


def test_an_intent_of_an_earlier_run_is_not_confirmed_late(shop):
    shop.break_gateway("confirm")
    with pytest.raises(Exception, match="gateway"):
        shop.charge()
    shop.restore_gateway()
    shop.add_order()
    shop.end_offer()

    with pytest.raises(PaymentExpired):
        shop.charge()

    assert shop.charged() == (0, 0)


def test_a_charge_from_before_the_end_is_found_after_it(shop):
    shop.add_order()
    shop.charge(payment_method=CHALLENGED)
    shop.complete_challenge("approve")
    shop.end_offer()

    assert shop.charge(payment_method=CHALLENGED)["status"] == "SUCCESS"


def test_a_redriven_charge_is_not_made_late(shop):
    message = {
        "action": "charge",
        "orderId": ORDER,
        "amount": 25.98,
        "currency": "USD",
        "paymentMethod": "pm_card_visa",
        "payBy": past(),
        "taskToken": "token-1",
    }

    shop.api.sqs("on-payment-retry", [message])

    assert shop.task_tokens.results == {"token-1": "PaymentExpired"}
    assert shop.intents() == []


def test_a_late_choice_of_a_card_charges_nothing(shop, jimmy):
    shop.add_order()
    shop.charge(payment_method=CHALLENGED)
    shop.end_offer()

    refused = pay(shop, jimmy)

    assert (refused.status_code, refused.json_body["Code"]) == (409, "OrderExpired")
    assert shop.charged() == (0, 0)
    assert [one["orderId"] for one in shop.executions()] == [ORDER]  # whose first step ends it


def test_an_offer_that_ends_while_a_card_is_chosen_charges_nothing(shop, jimmy):
    shop.add_order()
    shop.charge(payment_method=CHALLENGED)
    order = shop.order(ORDER)
    shop.end_offer()
    shop.set_order_status(ORDER, "CREATED", payBy=order.get("payBy", "9999-01-01T00:00:00.000Z"))

    refused = pay(shop, jimmy)

    assert (refused.status_code, refused.json_body["Code"]) == (409, "OrderExpired")
    assert shop.charged() == (0, 0)


def test_after_the_end_nothing_is_left_to_do_for_the_customer(shop, jimmy):
    shop.add_order()
    shop.charge(payment_method=CHALLENGED)
    assert "nextAction" in shop.checkout_status(jimmy)

    shop.end_offer()

    assert "nextAction" not in shop.checkout_status(jimmy)


def test_an_overdue_order_of_the_cart_is_ended_and_another_placed(shop, jimmy):
    shop.fill_cart()
    first = shop.api.post("/checkout", {}, token=jimmy).json_body["orderId"]
    shop.end_offer(first)

    second = shop.api.post("/checkout", {}, token=jimmy).json_body["orderId"]

    assert second != first
    assert {step["orderId"] for step in shop.lambda_fakes.called(VALIDATE)} == {first, second}
    assert {one["orderId"] for one in shop.executions()} == {first, second}
