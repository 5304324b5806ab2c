"""Repeated, late, reordered and forged webhooks have one effect or none."""

import pytest

from tests.chaos import stripe_api
from tests.chaos.scenarios import (
    CHALLENGED,
    Shopper,
    approve_challenge,
    pay_by_upi,
)
from tests.support.actors import poll_until


@pytest.mark.parametrize("scenario", [approve_challenge, pay_by_upi])
def test_repeated_late_and_reordered_webhooks_have_one_effect(harness, is_long, scenario):
    purchases = 10 if is_long else 2
    harness.set_gateway_faults(webhook_copies=5, reorder_webhooks=True, webhook_delay_ms=200)
    (shopper,) = harness.get_shoppers(1)
    before = shopper.stock()

    outcomes = [scenario(shopper) for _ in range(purchases)]
    harness.drain_queues(120)

    harness.tally["webhooks"] += purchases * 5 * 2
    harness.tally["checkouts"] += purchases
    assert {outcome.status for outcome in outcomes} == {"CONFIRMED"}
    after = shopper.stock()
    assert (before[0] - after[0], after[1], after[2] - before[2]) == (
        2 * purchases,
        0,
        2 * purchases,
    )
    harness.assert_consistent([outcome.order_id for outcome in outcomes])


def test_a_forged_webhook_changes_nothing(harness):
    (shopper,) = harness.get_shoppers(1)
    order_id = buy_with_challenge(shopper)
    (*_, event) = stripe_api.list_events(harness, order_id)
    forged = {**event, "id": "evt_forged", "type": "payment_intent.succeeded"}
    forged["data"]["object"] |= {
        "status": "succeeded",
        "amount_received": event["data"]["object"]["amount"],
    }

    assert stripe_api.deliver(harness, forged, secret="whsec_guessed") == 400
    assert stripe_api.deliver(harness, forged, signature="t=1,v1=00") == 400
    # Even a signed one is not trusted: the shop reads the intent from the gateway.
    assert stripe_api.deliver(harness, forged) == 200

    harness.drain_queues()
    assert shopper.get_checkout(order_id)["status"] == "CREATED"
    shopper.cancel(order_id)
    assert shopper.await_outcome(order_id).status == "CANCELLED"
    harness.assert_consistent([order_id])


def test_the_amount_in_a_webhook_is_not_trusted(harness):
    (shopper,) = harness.get_shoppers(1)
    order_id = buy_with_challenge(shopper)
    action = shopper.await_challenge(order_id)
    shopper.answer_challenge(action, "approve")
    assert shopper.await_outcome(order_id).status == "CONFIRMED"
    paid = next(
        event
        for event in stripe_api.list_events(harness, order_id)
        if event["type"] == "payment_intent.succeeded"
    )
    other = {**paid, "id": "evt_other_amount"}
    other["data"]["object"] |= {"amount": 1, "amount_received": 1}

    assert stripe_api.deliver(harness, other) == 200

    harness.drain_queues()
    assert harness.probe.charged(order_id) == (2598, 0)
    harness.assert_consistent([order_id])


def test_a_refund_that_the_bank_rejects_is_escalated_until_it_is_made(harness):
    (shopper,) = harness.get_shoppers(1)
    order_id = shopper.await_outcome(shopper.buy()).order_id
    shopper.request_refund(order_id, 1, key="broken")
    shopper.await_outcome(order_id, ("PARTLY_REFUNDED",))
    harness.drain_queues()
    (refund,) = stripe_api.list_refunds(harness, order_id)
    stripe_api.fail_refund(harness, refund)

    poll_until(
        lambda: harness.probe.queue_length("discrepancy-queue"), lambda count: count == 1, 30
    )
    poll_until(lambda: shopper.get_refund_statuses(order_id), lambda seen: seen == ["FAILED"], 30)

    shopper.request_refund(order_id, 1, key="broken")
    harness.drain_queues()
    assert harness.probe.charged(order_id) == (2598, 1299)
    harness.assert_consistent([order_id])


def buy_with_challenge(shopper: Shopper) -> str:
    """Buy with a card whose bank asks the customer. Returns the order's id."""
    order_id = shopper.buy(CHALLENGED)
    assert shopper.await_challenge(order_id)
    return order_id
