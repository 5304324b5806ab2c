import pytest
from tests.checkout_shop import ORDER, PAYMENT

from chalicelib.payments.errors import (
    GatewayUnavailable,
    PaymentDeclined,
    PaymentRejected,
    PaymentVoided,
)
from common import queues


def test_a_card_is_charged_the_orders_total_once(shop, bus):
    answer = shop.charge()

    assert answer == {"paymentId": PAYMENT, "status": "SUCCESS", "paymentStatus": "SUCCESS"}
    assert shop.charged() == (2598, 0)
    assert shop.payment()["status"] == "SUCCEEDED"
    (event,) = bus.events("PaymentSuccess")
    assert event["detail"]["orderId"] == ORDER
    assert event["detail"]["amount"] == 25.98


def test_the_requirements_example_is_understood(shop):
    answer = shop.api.invoke(
        "process-payment", {"orderId": "ORDER#1001", "amount": 25.98, "method": "UPI"}
    )

    assert answer == {
        "paymentId": "PAY#1001",
        "status": "REQUIRES_ACTION",
        "paymentStatus": "REQUIRES_ACTION",
        "methodGiven": False,
    }


def test_a_repeated_charge_is_one_capture_and_one_event_id(shop, bus):
    assert shop.charge() == shop.charge()

    assert shop.charged() == (2598, 0)
    first, second = bus.events("PaymentSuccess")
    assert first["detail"]["eventId"] == second["detail"]["eventId"]


def test_a_declined_card_stays_declined_with_the_banks_reason(shop, bus):
    for _ in range(2):
        with pytest.raises(PaymentDeclined, match="Your card was declined"):
            shop.charge(payment_method="pm_card_chargeDeclined")

    assert shop.payment()["status"] == "FAILED"
    assert shop.charged() == (0, 0)
    assert bus.events() == []


def test_an_unknown_payment_method_is_a_decline(shop):
    with pytest.raises(PaymentDeclined, match="No such PaymentMethod"):
        shop.charge(payment_method="pm_made_up")


def test_a_card_that_wants_3d_secure_waits_for_the_customer(shop, jimmy):
    shop.add_order()

    assert (
        shop.charge(payment_method="pm_card_threeDSecure2Required")["status"] == "REQUIRES_ACTION"
    )

    progress = shop.checkout_status(jimmy)
    (intent,) = shop.intents()
    assert (progress["step"], progress["paymentStatus"]) == ("AwaitPayment", "REQUIRES_ACTION")
    assert progress["nextAction"]["type"] == "CONFIRM_PAYMENT"
    assert progress["nextAction"]["clientSecret"] == intent["client_secret"]
    assert progress["nextAction"]["paymentIntentId"] == intent["id"]


def test_an_order_without_a_payment_method_waits_and_nothing_is_confirmed(shop):
    assert shop.charge(payment_method=None)["status"] == "REQUIRES_ACTION"

    assert shop.intents()[0]["status"] == "requires_payment_method"


def test_a_capture_whose_response_is_lost_is_found(shop):
    shop.stripe.faults.set(lose_answers=1)
    with pytest.raises(GatewayUnavailable):
        shop.charge()
    assert shop.charged() == (2598, 0)

    assert shop.charge()["status"] == "SUCCESS"
    assert shop.charged() == (2598, 0)
    assert len(shop.intents()) == 1


def test_a_lost_response_charges_once_even_after_the_key_expired(shop):
    shop.stripe.faults.set(lose_answers=1)
    with pytest.raises(GatewayUnavailable):
        shop.charge()
    shop.expire_idempotency_keys()

    assert shop.charge()["status"] == "SUCCESS"
    assert shop.charged() == (2598, 0)
    assert len(shop.intents()) == 1


def test_a_decline_whose_response_is_lost_is_a_decline(shop):
    shop.stripe.faults.set(lose_answers=1)
    with pytest.raises(GatewayUnavailable):
        shop.charge(payment_method="pm_card_chargeDeclined")

    with pytest.raises(PaymentDeclined):
        shop.charge(payment_method="pm_card_chargeDeclined")
    assert shop.payment()["status"] == "FAILED"


def test_a_gateway_that_is_down_is_no_decline(shop):
    shop.stripe.faults.set(down=True)
    with pytest.raises(GatewayUnavailable):
        shop.charge()
    assert shop.payment()["status"] == "STARTED"

    shop.stripe.faults.set(down=False)
    assert shop.charge()["status"] == "SUCCESS"
    assert shop.charged() == (2598, 0)


def test_a_failure_stored_under_a_key_is_retried_with_another(shop):
    shop.stripe.faults.set(down=True)
    with pytest.raises(GatewayUnavailable):
        shop.charge()
    shop.store_failed_key(f"{ORDER}:create:1")
    shop.stripe.faults.set(down=False)

    assert shop.charge()["status"] == "SUCCESS"


def test_a_wrong_api_key_is_not_retried(shop):
    shop.rotate_api_key("pk_wrong")

    with pytest.raises(PaymentRejected):
        shop.charge()


def test_a_crash_before_the_intent_is_stored_charges_nobody(shop, interceptor):
    """The row's second write fails: the intent exists, but is not stored."""
    interceptor.fail_nth_call("PutItem", at=2)
    with pytest.raises(Exception, match="Read timeout"):
        shop.charge()

    assert shop.charge()["status"] == "SUCCESS"
    assert shop.charged() == (2598, 0)


def test_a_repeat_stores_a_capture_that_a_crash_did_not(shop, interceptor, bus):
    interceptor.fail_nth_call("PutItem", at=3)
    with pytest.raises(Exception, match="Read timeout"):
        shop.charge()
    assert shop.charged() == (2598, 0)
    assert shop.payment()["status"] == "STARTED"

    assert shop.charge()["status"] == "SUCCESS"
    assert shop.charged() == (2598, 0)
    assert len(bus.events("PaymentSuccess")) == 1


def test_a_repeat_publishes_the_event_that_a_crash_did_not(shop, interceptor, bus):
    interceptor.fail_calls("events", "PutEvents")
    with pytest.raises(Exception, match="Read timeout"):
        shop.charge()
    assert bus.events("PaymentSuccess") == []

    assert shop.charge()["status"] == "SUCCESS"
    assert len(bus.events("PaymentSuccess")) == 1


def test_an_order_of_nothing_but_gifts_is_paid_without_the_gateway(shop):
    assert shop.charge(amount=0)["status"] == "SUCCESS"
    assert shop.intents() == []
    assert shop.refund()["status"] == "REFUNDED"


def test_voiding_a_captured_payment_refunds_it_once(shop):
    shop.charge()

    assert shop.refund() == {"paymentId": PAYMENT, "status": "REFUNDED"}
    assert shop.refund() == {"paymentId": PAYMENT, "status": "REFUNDED"}
    assert shop.charged() == (2598, 2598)
    assert shop.payment()["status"] == "REFUNDED"
    assert shop.payment()["refundId"]


def test_nothing_is_charged_after_a_refund(shop):
    shop.charge()
    shop.refund()

    with pytest.raises(PaymentVoided):
        shop.charge()
    assert shop.charged() == (2598, 2598)


def test_a_refund_before_any_charge_stops_the_late_charge(shop):
    assert shop.refund()["status"] == "VOIDED"

    with pytest.raises(PaymentVoided):
        shop.charge()
    assert shop.intents() == []


def test_voiding_a_waiting_payment_cancels_its_intent(shop):
    shop.charge(payment_method="pm_card_threeDSecure2Required")

    assert shop.refund()["status"] == "VOIDED"
    assert shop.intents()[0]["status"] == "canceled"


def test_voiding_a_declined_payment_keeps_it_failed_and_closes_it(shop):
    with pytest.raises(PaymentDeclined):
        shop.charge(payment_method="pm_card_chargeDeclined")

    assert shop.refund()["status"] == "VOIDED"
    assert shop.payment()["status"] == "FAILED"
    assert shop.intents()[0]["status"] == "canceled"


def test_a_capture_that_was_not_stored_is_refunded(shop):
    """Its answer was lost, and the saga gave up."""
    shop.stripe.faults.set(lose_answers=1)
    with pytest.raises(GatewayUnavailable):
        shop.charge()

    assert shop.refund()["status"] == "REFUNDED"
    assert shop.charged() == (2598, 2598)


def test_a_customer_who_pays_while_the_saga_times_out_is_refunded(shop):
    shop.charge(payment_method="pm_card_threeDSecure2Required")
    shop.complete_challenge("approve")

    assert shop.refund()["status"] == "REFUNDED"
    assert shop.charged() == (2598, 2598)


def test_a_refund_interrupted_after_its_mark_is_completed(shop):
    shop.charge()
    shop.stripe.faults.set(down=True)
    with pytest.raises(GatewayUnavailable):
        shop.refund()
    assert shop.payment()["status"] == "REFUNDING"
    with pytest.raises(PaymentVoided):
        shop.charge()

    shop.stripe.faults.set(down=False)
    assert shop.refund()["status"] == "REFUNDED"
    assert shop.charged() == (2598, 2598)


def test_a_refund_that_was_not_stored_is_not_made_twice(shop, interceptor):
    shop.charge()
    interceptor.fail_nth_call("PutItem", at=2)
    with pytest.raises(Exception, match="Read timeout"):
        shop.refund()
    assert shop.charged() == (2598, 2598)

    shop.expire_idempotency_keys()
    assert shop.refund()["status"] == "REFUNDED"
    assert shop.charged() == (2598, 2598)


def test_a_failed_refund_is_retried_from_its_queue(shop):
    shop.charge()
    message = {"action": "refund", "orderId": ORDER, "reason": "the checkout failed"}

    shop.api.sqs("on-payment-retry", [message])

    assert shop.charged() == (2598, 2598)


def test_a_refund_waits_for_a_gateway_that_is_down(shop, queue):
    shop.charge()
    shop.stripe.faults.set(down=True)

    shop.api.sqs("on-payment-retry", [{"action": "refund", "orderId": ORDER}])

    assert shop.delayed("payment-retry-queue") == 1


def test_a_refund_that_never_works_ends_in_the_dead_letter_queue(shop):
    shop.charge()
    shop.stripe.faults.set(down=True)

    with pytest.raises(queues.BatchPartlyFailed):
        shop.api.sqs(
            "on-payment-retry",
            [{"action": "refund", "orderId": ORDER, "tries": 23}],
            "payment-retry-queue",
        )


@pytest.mark.parametrize(
    "message", [{}, {"action": "dance", "orderId": ORDER}, {"action": "charge"}]
)
def test_an_invalid_message_is_not_lost(shop, message):
    with pytest.raises(queues.BatchPartlyFailed):
        shop.api.sqs("on-payment-retry", [message], "payment-retry-queue")
