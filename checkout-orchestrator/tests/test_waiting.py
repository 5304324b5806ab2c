"""A saga that waits for its customer, for the gateway, or for nobody."""

import pytest
from tests.shop import ORDER, PAYMENT

from chalicelib.payments.errors import GatewayUnavailable, PaymentDeclined
from common import aws, events, queues

PAID = {"paymentId": PAYMENT, "status": "SUCCESS", "paymentStatus": "SUCCESS"}


@pytest.fixture
def challenged(shop):
    """An order whose card wants 3-D Secure."""
    shop.has_order(paymentMethod="pm_card_threeDSecure2Required")
    shop.charge(payment_method="pm_card_threeDSecure2Required")
    return shop


@pytest.fixture
def unpaid(shop):
    """An order that came without a payment method."""
    shop.has_order()
    shop.charge(payment_method=None)
    return shop


def pay(shop, token, payment_method="pm_card_visa", **more):
    body = {"orderId": ORDER, "paymentMethod": payment_method, **more}
    return shop.api.post("/checkout", body, token=token)


def test_the_webhook_wakes_the_waiting_saga(challenged, bus):
    challenged.waits()
    assert challenged.tasks.told == {}
    challenged.customer_does("approve")

    assert challenged.hear("payment_intent.succeeded") == [200]

    assert challenged.tasks.told == {"token-1": PAID}
    assert len(bus.events("PaymentSuccess")) == 1


def test_a_webhook_that_comes_before_the_saga_waits_is_not_lost(challenged):
    challenged.customer_does("approve")
    challenged.hear()

    challenged.waits()

    assert challenged.tasks.told == {"token-1": PAID}


def test_a_customer_who_paid_is_seen_even_if_no_webhook_ever_comes(challenged):
    challenged.customer_does("approve")

    challenged.waits()

    assert challenged.tasks.told == {"token-1": PAID}


def test_a_last_look_finds_what_no_webhook_told(challenged):
    challenged.waits()
    challenged.customer_does("approve")

    assert challenged.charge(payment_method="pm_card_threeDSecure2Required")["status"] == "SUCCESS"


def test_a_last_look_charges_nobody(unpaid, jimmy):
    """A payment method that was chosen, but whose charge never began, is not charged behind the customer's back."""
    unpaid.stripe.switches.set(down=True)
    assert pay(unpaid, jimmy).status_code == 503
    unpaid.stripe.switches.set(down=False)

    assert unpaid.charge(payment_method=None)["status"] == "REQUIRES_ACTION"
    assert unpaid.charged() == (0, 0)


def test_waiting_while_the_gateway_is_down_is_waiting_nevertheless(challenged):
    challenged.stripe.switches.set(down=True)
    challenged.waits()
    challenged.stripe.switches.set(down=False)
    challenged.customer_does("approve")

    challenged.hear("payment_intent.succeeded")

    assert challenged.tasks.told == {"token-1": PAID}


def test_webhooks_that_come_twice_or_late_or_out_of_order_change_nothing(challenged):
    challenged.waits()
    challenged.customer_does("approve")
    newest_first = challenged.stripe.store.all("event")

    assert [challenged.deliver(event) for event in newest_first * 2] == [200] * 4
    challenged.works_off("payment-webhook-queue", "on-payment-webhook")

    assert challenged.tasks.told == {"token-1": PAID}
    assert challenged.payment()["status"] == "SUCCEEDED"


def test_a_customer_who_says_no_at_the_banks_page_ends_the_checkout(challenged):
    challenged.waits()
    challenged.customer_does("refuse")

    challenged.hear("payment_intent.payment_failed")

    assert challenged.tasks.told == {"token-1": "PaymentDeclined"}
    assert challenged.payment()["status"] == "FAILED"
    assert "authentication" in challenged.payment()["reason"]


def test_news_of_an_intent_that_is_about_to_be_confirmed_do_not_make_the_customer_wait(shop):
    """The gateway tells of the new intent while it cannot be confirmed."""
    shop.gateway_fails_to("confirm")
    with pytest.raises(GatewayUnavailable):
        shop.charge()
    (intent,) = shop.intents()
    event = {
        "id": "evt_1",
        "object": "event",
        "type": "payment_intent.created",
        "data": {"object": intent},
    }
    assert shop.deliver(event) == 200
    shop.works_off("payment-webhook-queue", "on-payment-webhook")
    shop.gateway_works()

    assert shop.charge()["status"] == "SUCCESS"


def test_a_webhook_that_the_gateway_did_not_sign_is_refused(challenged):
    challenged.waits()
    challenged.customer_does("approve")
    event = challenged.stripe.store.all("event")[0]

    assert challenged.deliver(event, secret="whsec_stolen") == 400
    assert challenged.api.post("/checkout/webhooks/stripe", event).status_code == 400
    assert challenged.tasks.told == {}


def test_a_webhook_is_answered_while_the_gateway_is_down_and_acted_upon_once_it_is_up(challenged):
    challenged.waits()
    challenged.customer_does("approve")
    challenged.stripe.switches.set(down=True)
    assert challenged.hear("payment_intent.succeeded") == [200]
    assert challenged.payment()["status"] == "REQUIRES_ACTION"

    challenged.stripe.switches.set(down=False)
    challenged.works_off("payment-webhook-queue", "on-payment-webhook")

    assert challenged.tasks.told == {"token-1": PAID}


def test_webhooks_about_other_things_are_taken_and_forgotten(shop):
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

    assert [shop.deliver(event) for event in [*events, about_nothing]] == [200, 200, 200]
    assert shop.works_off("payment-webhook-queue", "on-payment-webhook") == 0


def test_a_crash_before_the_saga_is_woken_is_mended_when_the_message_comes_again(challenged, wire):
    challenged.waits()
    challenged.customer_does("approve")
    wire.cut("stepfunctions", "SendTaskSuccess")

    challenged.hear("payment_intent.succeeded")
    assert (challenged.payment()["status"], challenged.tasks.told) == ("SUCCEEDED", {})
    challenged.works_off("payment-webhook-queue", "on-payment-webhook")

    assert challenged.tasks.told == {"token-1": PAID}


def test_a_charge_that_gets_through_after_the_saga_gave_up_is_refunded(challenged, queue):
    challenged.waits()
    challenged.customer_does("approve")
    challenged.stripe.switches.set(down=True)
    with pytest.raises(Exception, match="gateway"):
        challenged.refund()
    assert challenged.payment()["status"] == "VOIDED"
    challenged.stripe.switches.set(down=False)

    challenged.hear("payment_intent.succeeded")

    (message,) = queue("payment-retry-queue")
    assert (message["action"], message["orderId"]) == ("refund", ORDER)
    challenged.api.sqs("on-payment-retry", [message])
    assert challenged.charged() == (2598, 2598)
    assert challenged.payment()["status"] == "REFUNDED"


def test_an_order_that_waits_is_paid_with_the_card_that_is_chosen(unpaid, jimmy):
    unpaid.waits()

    assert pay(unpaid, jimmy).status_code == 202

    assert unpaid.tasks.told == {"token-1": PAID}
    assert unpaid.charged() == (2598, 0)


def test_a_declined_choice_leaves_the_order_waiting_for_another_card(unpaid, jimmy):
    unpaid.waits()

    declined = pay(unpaid, jimmy, "pm_card_chargeDeclinedInsufficientFunds")

    assert (declined.status_code, declined.json_body["Code"]) == (402, "PaymentDeclined")
    assert declined.json_body["Message"] == "Your card has insufficient funds."
    assert unpaid.progress(jimmy)["reason"] == "Your card has insufficient funds."
    assert unpaid.hear("payment_intent.payment_failed") == [200]
    assert unpaid.tasks.told == {}

    assert pay(unpaid, jimmy).status_code == 202
    assert unpaid.tasks.told == {"token-1": PAID}
    assert unpaid.charged() == (2598, 0)


def test_the_same_card_may_be_tried_again_after_a_decline(unpaid, jimmy):
    for _ in range(2):
        assert pay(unpaid, jimmy, "pm_card_chargeDeclined").status_code == 402


def test_a_choice_that_is_repeated_charges_once(unpaid, jimmy):
    unpaid.waits()

    assert [pay(unpaid, jimmy).status_code for _ in range(3)] == [202] * 3
    assert unpaid.charged() == (2598, 0)


def test_a_choice_that_is_repeated_while_the_customer_is_at_the_bank_does_not_begin_anew(
    unpaid, jimmy
):
    unpaid.waits()
    assert pay(unpaid, jimmy, "pm_card_threeDSecure2Required").status_code == 202
    attempt, action = unpaid.payment()["attempt"], unpaid.progress(jimmy)["nextAction"]

    assert pay(unpaid, jimmy, "pm_card_threeDSecure2Required").status_code == 202

    assert unpaid.payment()["attempt"] == attempt
    assert unpaid.progress(jimmy)["nextAction"] == action
    unpaid.customer_does("approve")
    unpaid.hear()
    assert unpaid.tasks.told == {"token-1": PAID}


@pytest.mark.parametrize("order", ["unpaid", "challenged"])
def test_a_payment_method_that_nobody_knows_is_refused_and_the_order_goes_on_waiting(
    request, jimmy, order
):
    shop = request.getfixturevalue(order)
    shop.waits()

    refused = pay(shop, jimmy, "pm_nobody")

    assert (refused.status_code, refused.json_body["Code"]) == (402, "PaymentDeclined")
    assert shop.progress(jimmy)["nextAction"]["clientSecret"]
    assert pay(shop, jimmy).status_code == 202
    assert shop.charged() == (2598, 0)


def test_a_choice_whose_answer_got_lost_may_be_repeated(unpaid, jimmy):
    unpaid.waits()
    unpaid.stripe.switches.set(lose_answers=1)

    assert pay(unpaid, jimmy).status_code == 503
    assert pay(unpaid, jimmy).status_code == 202

    assert unpaid.charged() == (2598, 0)
    assert unpaid.tasks.told == {"token-1": PAID}


def test_a_choice_made_before_the_saga_gets_there_is_charged_when_it_does(shop, jimmy):
    shop.has_order()

    assert pay(shop, jimmy).status_code == 202
    assert shop.charged() == (0, 0)

    assert shop.charge(payment_method=None)["status"] == "SUCCESS"
    assert shop.charged() == (2598, 0)


def test_a_choice_made_early_that_is_declined_leaves_the_order_waiting(shop, jimmy):
    shop.has_order()
    pay(shop, jimmy, "pm_card_chargeDeclined")

    assert shop.charge(payment_method=None)["status"] == "REQUIRES_ACTION"
    assert shop.progress(jimmy)["reason"] == "Your card was declined."


def test_a_second_card_is_not_charged_beside_the_first(shop, jimmy):
    shop.has_order()
    pay(shop, jimmy, "pm_card_visa")

    refused = pay(shop, jimmy, "pm_card_mastercard")

    assert (refused.status_code, refused.json_body["Code"]) == (409, "PaymentInProgress")


def test_a_chosen_card_may_want_3d_secure_too(unpaid, jimmy):
    unpaid.waits()

    assert pay(unpaid, jimmy, "pm_card_threeDSecure2Required").status_code == 202
    assert unpaid.intents()[0]["status"] == "requires_action"
    unpaid.customer_does("approve")
    unpaid.hear("payment_intent.succeeded")

    assert unpaid.tasks.told == {"token-1": PAID}


def test_a_challenge_that_failed_on_a_chosen_card_leaves_the_order_waiting(unpaid, jimmy):
    unpaid.waits()
    pay(unpaid, jimmy, "pm_card_threeDSecure2Required")
    unpaid.customer_does("refuse")

    unpaid.hear("payment_intent.payment_failed")

    assert unpaid.tasks.told == {}
    assert pay(unpaid, jimmy).status_code == 202
    assert unpaid.tasks.told == {"token-1": PAID}


def test_an_order_that_was_undone_is_not_paid_any_more(unpaid, jimmy):
    unpaid.refund()

    refused = pay(unpaid, jimmy)

    assert (refused.status_code, refused.json_body["Code"]) == (409, "OrderNotPayable")
    assert unpaid.charged() == (0, 0)


def cancelled(shop):
    event = events.create(
        events.OrderCancelled, order_id=ORDER, user_id="USER#01JIMMY", correlation_id="cor-1"
    )
    shop.api.sqs("on-order-cancelled", [events.to_message(event)])


def test_cancelling_wakes_the_waiting_saga_at_once(unpaid):
    unpaid.waits()

    cancelled(unpaid)
    cancelled(unpaid)

    assert unpaid.tasks.told == {"token-1": "OrderCancelled"}
    assert unpaid.intents()[0]["status"] == "canceled"


def test_cancelling_before_the_saga_waits_is_not_lost(unpaid):
    cancelled(unpaid)

    unpaid.waits()

    assert unpaid.tasks.told == {"token-1": "PaymentVoided"}


def test_cancelling_before_the_charge_stops_it(shop):
    cancelled(shop)

    with pytest.raises(Exception, match="cancelled"):
        shop.charge()
    assert shop.charged() == (0, 0)


def test_cancelling_what_is_just_paid_gives_the_money_back(shop):
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


def test_a_charge_that_waited_for_the_gateway_wakes_its_saga(shop):
    charge_again(shop)

    assert shop.tasks.told == {"token-9": PAID}
    assert shop.charged() == (2598, 0)


def test_a_charge_that_waited_may_turn_out_to_need_the_customer(shop):
    charge_again(shop, payment_method="pm_card_threeDSecure2Required")

    assert shop.tasks.told["token-9"]["paymentStatus"] == "REQUIRES_ACTION"


def test_a_charge_that_waited_may_be_declined(shop):
    charge_again(shop, payment_method="pm_card_chargeDeclined")

    assert shop.tasks.told == {"token-9": "PaymentDeclined"}


def test_a_charge_waits_on_while_the_gateway_is_down(shop):
    shop.stripe.switches.set(down=True)

    charge_again(shop)

    assert shop.tasks.told == {}
    assert shop.delayed("payment-retry-queue") == 1


def test_a_charge_does_not_wait_for_ever(shop):
    shop.stripe.switches.set(down=True)

    charge_again(shop, tries=8)

    assert shop.tasks.told == {"token-9": "GatewayUnavailable"}
    assert shop.delayed("payment-retry-queue") == 0


def test_a_charge_for_a_saga_that_gave_up_charges_nobody(shop):
    shop.refund()
    shop.tasks.gone.add("token-9")

    charge_again(shop)

    assert shop.charged() == (0, 0)


def test_a_repeated_message_does_not_take_back_what_the_saga_goes_on_with(shop, queue):
    """SQS delivers twice: the second time nobody waits, because the saga was woken by the first."""
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
    shop.tasks.gone |= {"token-1", "token-9"}


def test_a_charge_for_a_saga_that_was_stopped_by_hand_is_taken_back(shop, queue):
    shop.has_order()
    stop_saga(shop)

    charge_again(shop)

    (message,) = queue("payment-retry-queue")
    shop.api.sqs("on-payment-retry", [message])
    assert shop.charged() == (2598, 2598)
    assert shop.order(ORDER)["status"] == "FAILED"  # which a saga that is redriven meets


@pytest.mark.parametrize("bought", ["CONFIRMED", "PARTLY_REFUNDED"])
def test_news_of_an_order_that_was_bought_take_nothing_back_though_its_saga_was_stopped_since(
    challenged, queue, bought
):
    challenged.waits()
    challenged.customer_does("approve")
    challenged.hear()
    challenged.order_becomes(ORDER, bought)
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


def test_a_decline_that_the_webhook_tells_first_is_the_same_decline(shop):
    with pytest.raises(PaymentDeclined):
        shop.charge(payment_method="pm_card_chargeDeclined")

    assert shop.hear("payment_intent.payment_failed") == [200]
    assert shop.payment()["status"] == "FAILED"
