"""Webhooks come five times, late, in any order, forged, and with another amount: one effect."""

import json

import httpx
import pytest

from devcloud import settings
from devcloud.stripe.webhooks import signature
from tests.chaos.harness import Tormented
from tests.chaos.scenarios import (
    CHALLENGED,
    Shopper,
    agrees_at_the_bank,
    gives_one_back,
    pays_by_upi,
)
from tests.support.actors import ok, until


def news(tormented: Tormented, order_id: str) -> list[dict]:
    """Everything that Stripe has to tell of an order, oldest first."""
    told = [event for event in asked(tormented, "/v1/events") if order_id in json.dumps(event)]
    return list(reversed(told))


def asked(tormented: Tormented, path: str, **params: str) -> list[dict]:
    """A list of Stripe's, newest first."""
    answer = httpx.get(
        f"{tormented.shop.stripe_url}{path}",
        params={"limit": "100", **params},
        headers=authorized(tormented),
    )
    return ok(answer)["data"]


def authorized(tormented: Tormented) -> dict[str, str]:
    return {"Authorization": f"Bearer {settings.of(tormented.shop.directory).stripe_api_key}"}


def intent_of(tormented: Tormented, order_id: str) -> str:
    return tormented.sight.row("Payments", paymentId=order_id.replace("ORDER", "PAY"))["intentId"]


def deliver(tormented: Tormented, event: dict, secret: str | None = None, **changes: object) -> int:
    """Send it to the shop, signed just now; the status of the answer."""
    body = json.dumps(event).encode()
    secret = secret or settings.of(tormented.shop.directory).stripe_webhook_secret
    headers = {
        "Content-Type": "application/json",
        "Stripe-Signature": signature(body, secret),
        **changes,
    }
    tormented.tally["webhooks"] += 1
    return httpx.post(
        f"{tormented.shop.url}/checkout/webhooks/stripe", content=body, headers=headers, timeout=40
    ).status_code


@pytest.mark.parametrize("story", [agrees_at_the_bank, pays_by_upi])
def test_news_that_come_five_times_late_and_in_any_order_have_one_effect(tormented, is_long, story):
    purchases = 10 if is_long else 2
    tormented.gateways(webhook_copies=5, reorder_webhooks=True, webhook_delay_ms=200)
    (shopper,) = tormented.shoppers(1)
    before = tormented.sight.stock(shopper.goods)

    ended = [story(shopper) for _ in range(purchases)]
    tormented.quiet(120)

    tormented.tally["webhooks"] += purchases * 5 * 2
    tormented.tally["checkouts"] += purchases
    assert {one.status for one in ended} == {"CONFIRMED"}
    after = tormented.sight.stock(shopper.goods)
    assert (before[0] - after[0], after[1], after[2] - before[2]) == (
        2 * purchases,
        0,
        2 * purchases,
    )
    tormented.must_hold([one.order_id for one in ended])


def test_forged_news_change_nothing(tormented):
    (shopper,) = tormented.shoppers(1)
    order_id = waits_for_the_bank(shopper)
    (*_, event) = news(tormented, order_id)
    lie = {**event, "id": "evt_lie", "type": "payment_intent.succeeded"}
    lie["data"]["object"] |= {
        "status": "succeeded",
        "amount_received": event["data"]["object"]["amount"],
    }

    assert deliver(tormented, lie, secret="whsec_guessed") == 400
    assert deliver(tormented, lie, **{"Stripe-Signature": "t=1,v1=00"}) == 400
    # Even one that is signed: what counts is what the gateway itself says of the intent.
    assert deliver(tormented, lie) == 200

    tormented.quiet()
    assert shopper.progress(order_id)["status"] == "CREATED"
    shopper.cancel(order_id)
    assert shopper.ended(order_id).status == "CANCELLED"
    tormented.must_hold([order_id])


def test_news_of_another_amount_are_not_what_the_shop_goes_by(tormented):
    (shopper,) = tormented.shoppers(1)
    order_id = waits_for_the_bank(shopper)
    action = shopper.challenge(order_id)
    shopper.decide(action, "approve")
    assert shopper.ended(order_id).status == "CONFIRMED"
    paid = next(
        event for event in news(tormented, order_id) if event["type"] == "payment_intent.succeeded"
    )
    other = {**paid, "id": "evt_other_amount"}
    other["data"]["object"] |= {"amount": 1, "amount_received": 1}

    assert deliver(tormented, other) == 200

    tormented.quiet()
    assert tormented.sight.charged(order_id) == (2598, 0)
    tormented.must_hold([order_id])


def test_a_refund_that_the_customers_bank_did_not_take_is_a_persons_until_the_money_is_back(
    tormented,
):
    (shopper,) = tormented.shoppers(1)
    order_id = gives_one_back(shopper).order_id
    tormented.quiet()
    (made,) = asked(tormented, "/v1/refunds", payment_intent=intent_of(tormented, order_id))
    httpx.post(f"{tormented.shop.stripe_url}/_control/refunds/{made['id']}/fail").raise_for_status()

    until(lambda: tormented.sight.waiting("discrepancy-queue"), lambda count: count == 1, 30)

    by_hand = {"payment_intent": made["payment_intent"], "amount": made["amount"]}
    ok(
        httpx.post(
            f"{tormented.shop.stripe_url}/v1/refunds", data=by_hand, headers=authorized(tormented)
        )
    )
    tormented.quiet()
    tormented.must_hold([order_id])


def waits_for_the_bank(shopper: Shopper) -> str:
    order_id = shopper.buy(CHALLENGED)
    assert shopper.challenge(order_id)
    return order_id
