"""A saga that waits for its customer or for the gateway."""

import pytest
from tests.checkout_shop import ORDER, PAYMENT

from chalicelib.payments.errors import GatewayUnavailable, PaymentDeclined
from common import aws, events, queues

PAID_RESULT = {"paymentId": PAYMENT, "status": "SUCCESS", "paymentStatus": "SUCCESS"}


@pytest.fixture
def challenged(shop):
    """An order whose card wants 3-D Secure."""
    shop.add_order(paymentMethod="pm_card_threeDSecure2Required")
    shop.charge(payment_method="pm_card_threeDSecure2Required")
    return shop


@pytest.fixture
def unpaid(shop):
    """An order that came without a payment method."""
    shop.add_order()
    shop.charge(payment_method=None)
    return shop


def pay(shop, token, payment_method="pm_card_visa", **more):
    body = {"orderId": ORDER, "paymentMethod": payment_method, **more}
    return shop.api.post("/checkout", body, token=token)


def test_the_webhook_resumes_the_waiting_saga(challenged, bus):
    challenged.await_payment()
    assert challenged.task_tokens.results == {}
    challenged.complete_challenge("approve")

    assert challenged.deliver_webhooks("payment_intent.succeeded") == [200]

    assert challenged.task_tokens.results == {"token-1": PAID_RESULT}
    assert len(bus.events("PaymentSuccess")) == 1


def test_a_webhook_that_comes_before_the_saga_waits_is_not_lost(challenged):
    challenged.complete_challenge("approve")
    challenged.deliver_webhooks()

    challenged.await_payment()

    assert challenged.task_tokens.results == {"token-1": PAID_RESULT}


def test_a_payment_is_found_even_if_no_webhook_comes(challenged):
    challenged.complete_challenge("approve")

    challenged.await_payment()

    assert challenged.task_tokens.results == {"token-1": PAID_RESULT}


def test_check_payment_finds_a_payment_without_its_webhook(challenged):
    challenged.await_payment()
    challenged.complete_challenge("approve")

    assert challenged.charge(payment_method="pm_card_threeDSecure2Required")["status"] == "SUCCESS"


def test_check_payment_charges_nobody(unpaid, jimmy):
    """The method was chosen, but its charge never began."""
    unpaid.stripe.faults.set(down=True)
    assert pay(unpaid, jimmy).status_code == 503
    unpaid.stripe.faults.set(down=False)

    assert unpaid.charge(payment_method=None)["status"] == "REQUIRES_ACTION"
    assert unpaid.charged() == (0, 0)


def test_the_saga_waits_also_while_the_gateway_is_down(challenged):
    challenged.stripe.faults.set(down=True)
    challenged.await_payment()
    challenged.stripe.faults.set(down=False)
    challenged.complete_challenge("approve")

    challenged.deliver_webhooks("payment_intent.succeeded")

    assert challenged.task_tokens.results == {"token-1": PAID_RESULT}


def test_webhooks_that_come_twice_or_late_or_out_of_order_change_nothing(challenged):
    challenged.await_payment()
    challenged.complete_challenge("approve")
    newest_first = challenged.stripe.store.list_all("event")

    assert [challenged.deliver_webhook(event) for event in newest_first * 2] == [200] * 4
    challenged.consume("payment-webhook-queue", "on-payment-webhook")

    assert challenged.task_tokens.results == {"token-1": PAID_RESULT}
    assert challenged.payment()["status"] == "SUCCEEDED"


def test_a_decline_at_the_banks_page_ends_the_checkout(challenged):
    challenged.await_payment()
    challenged.complete_challenge("refuse")

    challenged.deliver_webhooks("payment_intent.payment_failed")

    assert challenged.task_tokens.results == {"token-1": "PaymentDeclined"}
    assert challenged.payment()["status"] == "FAILED"
    assert "authentication" in challenged.payment()["reason"]


def test_a_webhook_before_the_confirmation_requires_no_action(shop):
    """The webhook of the new intent comes while it cannot be confirmed."""
    shop.break_gateway("confirm")
    with pytest.raises(GatewayUnavailable):
        shop.charge()
    (intent,) = shop.intents()
    event = {
        "id": "evt_1",
        "object": "event",
        "type": "payment_intent.created",
        "data": {"object": intent},
    }
    assert shop.deliver_webhook(event) == 200
    shop.consume("payment-webhook-queue", "on-payment-webhook")
    shop.restore_gateway()

    assert shop.charge()["status"] == "SUCCESS"


def test_a_webhook_that_the_gateway_did_not_sign_is_refused(challenged):
    challenged.await_payment()
    challenged.complete_challenge("approve")
    event = challenged.stripe.store.list_all("event")[0]

    assert challenged.deliver_webhook(event, secret="whsec_stolen") == 400
    assert challenged.api.post("/checkout/webhooks/stripe", event).status_code == 400
    assert challenged.task_tokens.results == {}


def test_a_webhook_is_processed_once_the_gateway_is_up_again(challenged):
    challenged.await_payment()
    challenged.complete_challenge("approve")
    challenged.stripe.faults.set(down=True)
    assert challenged.deliver_webhooks("payment_intent.succeeded") == [200]
    assert challenged.payment()["status"] == "REQUIRES_ACTION"

    challenged.stripe.faults.set(down=False)
    challenged.consume("payment-webhook-queue", "on-payment-webhook")

    assert challenged.task_tokens.results == {"token-1": PAID_RESULT}


def test_webhooks_about_other_things_are_ignored(shop):
    shop.stripe.create_intent({"amount": "100", "currency": "usd"})
    intent = shop.intents()[0]
    unknown = {**intent, "metadata": {"orderId": "ORDER#1"}}
    about_nothing = {
        "id": "evt_1",
        "object": "event",
        "type": "balance.available",
        "data": {"object": {"object": "balance"}},
    }
    events = [
        {
            "id": "evt_2",
            "object": "event",
            "type": "payment_intent.succeeded",
            "data": {"object": one},
        }
        for one in (intent, unknown)
    ]

    assert [shop.deliver_webhook(event) for event in [*events, about_nothing]] == [200, 200, 200]
    assert shop.consume("payment-webhook-queue", "on-payment-webhook") == 0


def test_a_retry_resumes_a_saga_that_a_crash_left_waiting(challenged, interceptor):
    challenged.await_payment()
    challenged.complete_challenge("approve")
    interceptor.fail_calls("stepfunctions", "SendTaskSuccess")

    challenged.deliver_webhooks("payment_intent.succeeded")
    assert (challenged.payment()["status"], challenged.task_tokens.results) == ("SUCCEEDED", {})
    challenged.consume("payment-webhook-queue", "on-payment-webhook")

    assert challenged.task_tokens.results == {"token-1": PAID_RESULT}


def test_a_capture_after_the_saga_timed_out_is_refunded(challenged, queue):
    challenged.await_payment()
    challenged.complete_challenge("approve")
    challenged.stripe.faults.set(down=True)
    with pytest.raises(Exception, match="gateway"):
        challenged.refund()
    assert challenged.payment()["status"] == "VOIDED"
    challenged.stripe.faults.set(down=False)

    challenged.deliver_webhooks("payment_intent.succeeded")

    (message,) = queue("payment-retry-queue")
    assert (message["action"], message["orderId"]) == ("refund", ORDER)
    challenged.api.sqs("on-payment-retry", [message])
    assert challenged.charged() == (2598, 2598)
    assert challenged.payment()["status"] == "REFUNDED"


def test_an_order_that_waits_is_paid_with_the_card_that_is_chosen(unpaid, jimmy):
    unpaid.await_payment()

    assert pay(unpaid, jimmy).status_code == 202

    assert unpaid.task_tokens.results == {"token-1": PAID_RESULT}
    assert unpaid.charged() == (2598, 0)


def test_a_declined_choice_leaves_the_order_waiting_for_another_card(unpaid, jimmy):
    unpaid.await_payment()

    declined = pay(unpaid, jimmy, "pm_card_chargeDeclinedInsufficientFunds")

    assert (declined.status_code, declined.json_body["Code"]) == (402, "PaymentDeclined")
    assert declined.json_body["Message"] == "Your card has insufficient funds."
    assert unpaid.checkout_status(jimmy)["reason"] == "Your card has insufficient funds."
    assert unpaid.deliver_webhooks("payment_intent.payment_failed") == [200]
    assert unpaid.task_tokens.results == {}

    assert pay(unpaid, jimmy).status_code == 202
    assert unpaid.task_tokens.results == {"token-1": PAID_RESULT}
    assert unpaid.charged() == (2598, 0)


def test_the_same_card_may_be_tried_again_after_a_decline(unpaid, jimmy):
    for _ in range(2):
        assert pay(unpaid, jimmy, "pm_card_chargeDeclined").status_code == 402


def test_a_choice_that_is_repeated_charges_once(unpaid, jimmy):
    unpaid.await_payment()

    assert [pay(unpaid, jimmy).status_code for _ in range(3)] == [202] * 3
    assert unpaid.charged() == (2598, 0)


def test_a_repeated_choice_during_a_challenge_is_the_same_attempt(unpaid, jimmy):
    unpaid.await_payment()
    assert pay(unpaid, jimmy, "pm_card_threeDSecure2Required").status_code == 202
    attempt, action = unpaid.payment()["attempt"], unpaid.checkout_status(jimmy)["nextAction"]

    assert pay(unpaid, jimmy, "pm_card_threeDSecure2Required").status_code == 202

    assert unpaid.payment()["attempt"] == attempt
    assert unpaid.checkout_status(jimmy)["nextAction"] == action
    unpaid.complete_challenge("approve")
    unpaid.deliver_webhooks()
    assert unpaid.task_tokens.results == {"token-1": PAID_RESULT}


@pytest.mark.parametrize("order", ["unpaid", "challenged"])
def test_an_unknown_payment_method_leaves_the_order_waiting(request, jimmy, order):
    shop = request.getfixturevalue(order)
    shop.await_payment()

    refused = pay(shop, jimmy, "pm_nobody")

    assert (refused.status_code, refused.json_body["Code"]) == (402, "PaymentDeclined")
    assert shop.checkout_status(jimmy)["nextAction"]["clientSecret"]
    assert pay(shop, jimmy).status_code == 202
    assert shop.charged() == (2598, 0)


def test_a_choice_whose_response_is_lost_can_be_repeated(unpaid, jimmy):
    unpaid.await_payment()
    unpaid.stripe.faults.set(lose_answers=1)

    assert pay(unpaid, jimmy).status_code == 503
    assert pay(unpaid, jimmy).status_code == 202

    assert unpaid.charged() == (2598, 0)
    assert unpaid.task_tokens.results == {"token-1": PAID_RESULT}


def test_a_choice_made_before_the_saga_gets_there_is_charged_when_it_does(shop, jimmy):
    shop.add_order()

    assert pay(shop, jimmy).status_code == 202
    assert shop.charged() == (0, 0)

    assert shop.charge(payment_method=None)["status"] == "SUCCESS"
    assert shop.charged() == (2598, 0)


def test_a_choice_made_early_that_is_declined_leaves_the_order_waiting(shop, jimmy):
    shop.add_order()
    pay(shop, jimmy, "pm_card_chargeDeclined")

    assert shop.charge(payment_method=None)["status"] == "REQUIRES_ACTION"
    assert shop.checkout_status(jimmy)["reason"] == "Your card was declined."


def test_a_second_card_is_not_charged_beside_the_first(shop, jimmy):
    shop.add_order()
    pay(shop, jimmy, "pm_card_visa")

    refused = pay(shop, jimmy, "pm_card_mastercard")

    assert (refused.status_code, refused.json_body["Code"]) == (409, "PaymentInProgress")


def test_a_chosen_card_may_want_3d_secure_too(unpaid, jimmy):
    unpaid.await_payment()

    assert pay(unpaid, jimmy, "pm_card_threeDSecure2Required").status_code == 202
    assert unpaid.intents()[0]["status"] == "requires_action"
    unpaid.complete_challenge("approve")
    unpaid.deliver_webhooks("payment_intent.succeeded")

    assert unpaid.task_tokens.results == {"token-1": PAID_RESULT}


def test_a_challenge_that_failed_on_a_chosen_card_leaves_the_order_waiting(unpaid, jimmy):
    unpaid.await_payment()
    pay(unpaid, jimmy, "pm_card_threeDSecure2Required")
    unpaid.complete_challenge("refuse")

    unpaid.deliver_webhooks("payment_intent.payment_failed")

    assert unpaid.task_tokens.results == {}
    assert pay(unpaid, jimmy).status_code == 202
    assert unpaid.task_tokens.results == {"token-1": PAID_RESULT}


def test_a_voided_order_cannot_be_paid(unpaid, jimmy):
    unpaid.refund()

    refused = pay(unpaid, jimmy)

    assert (refused.status_code, refused.json_body["Code"]) == (409, "OrderNotPayable")
    assert unpaid.charged() == (0, 0)


def cancelled(shop):
    event = events.create(
        events.OrderCancelled, order_id=ORDER, user_id="USER#01JIMMY", correlation_id="cor-1"
    )
    shop.api.sqs("on-order-cancelled", [events.to_message(event)])


def test_cancelling_resumes_the_waiting_saga_at_once(unpaid):
    unpaid.await_payment()

    cancelled(unpaid)
    cancelled(unpaid)

    assert unpaid.task_tokens.results == {"token-1": "OrderCancelled"}
    assert unpaid.intents()[0]["status"] == "canceled"


def test_cancelling_before_the_saga_waits_is_not_lost(unpaid):
    cancelled(unpaid)

    unpaid.await_payment()

    assert unpaid.task_tokens.results == {"token-1": "PaymentVoided"}


def test_cancelling_before_the_charge_stops_it(shop):
    cancelled(shop)

    with pytest.raises(Exception, match="cancelled"):
        shop.charge()
    assert shop.charged() == (0, 0)


def test_cancelling_an_order_that_was_just_paid_refunds_it(shop):
    shop.charge()

    cancelled(shop)

    assert shop.charged() == (2598, 2598)


def charge_again(shop, token="token-9", payment_method="pm_card_visa", **more):
    step = {
        "orderId": ORDER,
        "userId": "USER#01JIMMY",
        "amount": 25.98,
        "currency": "USD",
        "method": "CARD",
    }
    message = {
        "action": "charge",
        **step,
        "paymentMethod": payment_method,
        "taskToken": token,
        **more,
    }
    shop.api.sqs("on-payment-retry", [message])


def test_a_charge_that_waited_for_the_gateway_resumes_its_saga(shop):
    charge_again(shop)

    assert shop.task_tokens.results == {"token-9": PAID_RESULT}
    assert shop.charged() == (2598, 0)


def test_a_charge_that_waited_can_require_the_customer(shop):
    charge_again(shop, payment_method="pm_card_threeDSecure2Required")

    assert shop.task_tokens.results["token-9"]["paymentStatus"] == "REQUIRES_ACTION"


def test_a_charge_that_waited_can_be_declined(shop):
    charge_again(shop, payment_method="pm_card_chargeDeclined")

    assert shop.task_tokens.results == {"token-9": "PaymentDeclined"}


def test_a_charge_waits_on_while_the_gateway_is_down(shop):
    shop.stripe.faults.set(down=True)

    charge_again(shop)

    assert shop.task_tokens.results == {}
    assert shop.delayed("payment-retry-queue") == 1


def test_a_charge_does_not_wait_for_ever(shop):
    shop.stripe.faults.set(down=True)

    charge_again(shop, tries=8)

    assert shop.task_tokens.results == {"token-9": "GatewayUnavailable"}
    assert shop.delayed("payment-retry-queue") == 0


def test_a_charge_for_a_saga_that_timed_out_charges_nobody(shop):
    shop.refund()
    shop.task_tokens.used.add("token-9")

    charge_again(shop)

    assert shop.charged() == (0, 0)


def test_a_repeated_message_refunds_nothing_of_a_running_saga(shop, queue):
    """SQS delivers twice: the first message has resumed the saga."""
    aws.client("stepfunctions").start_execution(
        stateMachineArn=shop.machine, name=ORDER.removeprefix("ORDER#")
    )
    charge_again(shop)
    charge_again(shop)

    assert shop.charged() == (2598, 0)
    assert queue("payment-retry-queue") == []


def stop_saga(shop):
    client = aws.client("stepfunctions")
    begun = client.start_execution(stateMachineArn=shop.machine, name=ORDER.removeprefix("ORDER#"))
    client.stop_execution(executionArn=begun["executionArn"])
    shop.task_tokens.used |= {"token-1", "token-9"}


def test_a_charge_for_an_aborted_saga_is_refunded(shop, queue):
    shop.add_order()
    stop_saga(shop)

    charge_again(shop)

    (message,) = queue("payment-retry-queue")
    shop.api.sqs("on-payment-retry", [message])
    assert shop.charged() == (2598, 2598)
    assert shop.order(ORDER)["status"] == "FAILED"  # which a saga that is redriven meets


@pytest.mark.parametrize("bought", ["CONFIRMED", "PARTLY_REFUNDED"])
def test_a_webhook_refunds_no_confirmed_order_of_an_aborted_saga(challenged, queue, bought):
    challenged.await_payment()
    challenged.complete_challenge("approve")
    challenged.deliver_webhooks()
    challenged.set_order_status(ORDER, bought)
    stop_saga(challenged)

    charge_again(challenged, payment_method="pm_card_threeDSecure2Required")

    challenged.api.sqs("on-payment-retry", queue("payment-retry-queue"))
    assert challenged.charged() == (2598, 0)
    assert challenged.order(ORDER)["status"] == bought


def test_one_bad_message_does_not_hold_up_the_others(shop):
    shop.charge()
    with pytest.raises(queues.BatchPartlyFailed):
        shop.api.sqs(
            "on-payment-retry",
            [{"action": "dance"}, {"action": "refund", "orderId": ORDER}],
            "payment-retry-queue",
        )

    assert shop.charged() == (2598, 2598)


def test_a_decline_by_webhook_is_the_same_decline_to_the_saga(shop):
    with pytest.raises(PaymentDeclined):
        shop.charge(payment_method="pm_card_chargeDeclined")

    assert shop.deliver_webhooks("payment_intent.payment_failed") == [200]
    assert shop.payment()["status"] == "FAILED"
