"""Stock is kept for a short time only while no payment method is given."""

from tests.checkout_shop import ORDER


def test_a_saga_hears_that_no_payment_method_is_given(shop):
    result = shop.charge(payment_method=None)

    assert result["status"] == "REQUIRES_ACTION"
    assert result["methodGiven"] is False


def test_a_card_that_wants_a_challenge_is_a_payment_method(shop):
    assert "methodGiven" not in shop.charge(payment_method="pm_card_threeDSecure2Required")


def test_a_card_that_is_chosen_during_the_hold_is_one_after_it(shop, jimmy):
    shop.add_order()
    shop.charge(payment_method=None)
    body = {"orderId": ORDER, "paymentMethod": "pm_card_threeDSecure2Required"}
    assert shop.api.post("/checkout", body, token=jimmy).status_code == 202

    assert "methodGiven" not in shop.charge(payment_method=None)


def test_a_customer_who_confirms_at_the_gateway_has_given_one(shop):
    shop.charge(payment_method=None)
    (intent,) = shop.intents()
    method = {"payment_method": "pm_card_threeDSecure2Required"}
    shop.stripe.confirm_intent(intent["id"], method)

    assert "methodGiven" not in shop.charge(payment_method=None)
