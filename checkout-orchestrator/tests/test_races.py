"""Races: the order, the payment and the gateway agree, in any order."""

import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.checkout_shop import ORDER

from chalicelib.payments.errors import (
    GatewayUnavailable,
    PaymentContended,
    PaymentDeclined,
    PaymentVoided,
)
from common import events

ROUNDS = range(4)


def together(*acts):
    """Run all at once with random delays, and collect results and exceptions."""
    delays = [random.uniform(0, 0.08) for _ in acts]

    def run(act, delay):
        time.sleep(delay)
        try:
            return act()
        except (PaymentVoided, PaymentDeclined, PaymentContended, GatewayUnavailable) as problem:
            return problem

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts, delays))


def until_settled(act):
    """Retry as Step Functions and the queues do."""
    for _ in range(20):
        try:
            return act()
        except (PaymentContended, GatewayUnavailable):
            time.sleep(0.01)
    raise AssertionError("it never settled")


@pytest.fixture
def slow(shop):
    """A gateway slow enough for others to come in between."""
    shop.stripe.faults.set(slow_ms=15)
    return shop


def pay(shop, token, payment_method="pm_card_visa"):
    return shop.api.post(
        "/checkout", {"orderId": ORDER, "paymentMethod": payment_method}, token=token
    ).status_code


@pytest.mark.parametrize("_", ROUNDS)
def test_a_step_that_runs_twice_at_once_charges_once(slow, _):
    together(slow.charge, slow.charge, slow.charge)

    assert until_settled(slow.charge)["status"] == "SUCCESS"
    assert slow.charged() == (2598, 0)


@pytest.mark.parametrize("_", ROUNDS)
def test_charging_and_voiding_at_once_leave_nothing_captured(slow, _):
    together(slow.charge, slow.refund, slow.charge)

    until_settled(slow.refund)
    captured, refunded = slow.charged()
    assert captured == refunded
    assert slow.payment()["status"] in ("VOIDED", "REFUNDED")
    with pytest.raises(PaymentVoided):
        until_settled(slow.charge)
    assert slow.charged() == (captured, refunded)


@pytest.mark.parametrize("_", ROUNDS)
def test_after_voiding_nothing_is_captured_by_a_later_charge(slow, _):
    """Nobody repeats it here: its one answer must be the truth for ever."""
    *_others, undone = together(slow.charge, slow.charge, lambda: until_settled(slow.refund))

    assert undone["status"] in ("VOIDED", "REFUNDED")
    captured, refunded = slow.charged()
    assert captured == refunded


@pytest.mark.parametrize("_", ROUNDS)
def test_two_refunds_at_once_refund_once(slow, _):
    slow.charge()

    together(slow.refund, slow.refund)

    until_settled(slow.refund)
    assert slow.charged() == (2598, 2598)


@pytest.mark.parametrize("_", ROUNDS)
def test_two_cards_chosen_at_once_are_charged_once_together(slow, jimmy, _):
    slow.add_order()
    slow.charge(payment_method=None)
    slow.await_payment()

    together(lambda: pay(slow, jimmy), lambda: pay(slow, jimmy, "pm_card_mastercard"))

    assert pay(slow, jimmy) == 202
    assert slow.charged() == (2598, 0)
    assert slow.task_tokens.results["token-1"]["status"] == "SUCCESS"


@pytest.mark.parametrize("_", ROUNDS)
def test_a_card_chosen_when_the_time_is_over_is_not_kept(slow, jimmy, _):
    slow.add_order()
    slow.charge(payment_method=None)

    together(lambda: pay(slow, jimmy), slow.refund)

    until_settled(slow.refund)
    captured, refunded = slow.charged()
    assert captured == refunded


@pytest.mark.parametrize("_", ROUNDS)
def test_a_card_chosen_just_when_the_saga_gets_there_is_charged_once(slow, jimmy, _):
    slow.add_order()

    together(lambda: slow.charge(payment_method=None), lambda: pay(slow, jimmy))

    assert pay(slow, jimmy) == 202
    assert until_settled(lambda: slow.charge(payment_method=None))["status"] == "SUCCESS"
    assert slow.charged() == (2598, 0)


@pytest.mark.parametrize("_", ROUNDS)
def test_a_webhook_beside_a_new_token_resumes_the_saga(slow, _):
    slow.charge(payment_method="pm_card_threeDSecure2Required")
    slow.complete_challenge("approve")

    together(slow.await_payment, lambda: slow.deliver_webhooks("payment_intent.succeeded"))

    assert slow.task_tokens.results["token-1"]["status"] == "SUCCESS"


@pytest.mark.parametrize("_", ROUNDS)
def test_a_cancellation_beside_a_new_token_resumes_the_saga(slow, _):
    slow.charge(payment_method=None)
    event = events.to_message(
        events.create(events.OrderCancelled, order_id=ORDER, user_id="USER#1", correlation_id="c")
    )

    together(slow.await_payment, lambda: slow.api.sqs("on-order-cancelled", [event]))

    assert slow.task_tokens.results["token-1"] in ("OrderCancelled", "PaymentVoided")


@pytest.mark.parametrize("_", ROUNDS)
def test_a_customer_who_pays_while_cancelling_is_refunded(slow, jimmy, _):
    slow.add_order()
    slow.charge(payment_method=None)
    slow.await_payment()
    event = events.to_message(
        events.create(events.OrderCancelled, order_id=ORDER, user_id="USER#1", correlation_id="c")
    )

    together(lambda: pay(slow, jimmy), lambda: slow.api.sqs("on-order-cancelled", [event]))

    captured, refunded = slow.charged()
    assert captured == refunded
