"""Refunds at the gateway's dashboard are booked, and count."""

import pytest
from tests.checkout_shop import ORDER
from tests.refund_requests import buy_two_bowls, consume, refund_requested


@pytest.fixture
def bought(shop):
    """Two bowls, paid with 25.98."""
    buy_two_bowls(shop)
    return shop


def refund_at_dashboard(shop, amount=None):
    params = {"payment_intent": shop.payment()["intentId"]}
    return shop.stripe.create_refund({**params, **({"amount": amount} if amount else {})})[1]


def booked(bus):
    """Each event of a booked refund once: amount and whether it says so."""
    details = {
        event["detail"]["eventId"]: event["detail"] for event in bus.events("PaymentRefunded")
    }
    return [(detail["amount"], detail["isBooked"]) for detail in details.values()]


def test_a_refund_at_the_dashboard_is_booked_and_published(bought, bus):
    refund_at_dashboard(bought, 1000)

    assert bought.deliver_webhooks("charge.refunded") == [200]

    payment = bought.payment()
    assert (payment["status"], int(payment["refundedMinor"])) == ("SUCCEEDED", 1000)
    assert booked(bus) == [(10, True)]


def test_repeated_and_late_webhooks_book_a_refund_once(bought, bus):
    refund_at_dashboard(bought, 1000)
    refund_at_dashboard(bought, 500)

    bought.deliver_webhooks()  # the newest first
    bought.deliver_webhooks()

    assert int(bought.payment()["refundedMinor"]) == 1500
    assert sorted(booked(bus)) == [(5, True), (10, True)]


def test_refunds_of_the_shop_are_not_booked_again(bought, bus):
    consume(bought, refund_requested())
    bought.deliver_webhooks("charge.refunded")

    assert len(bought.payment()["refunds"]) == 1
    assert booked(bus) == [(12.99, False)]


def test_a_later_refund_asks_for_what_the_dashboard_left(bought, bus):
    refund_at_dashboard(bought, 2000)  # and its webhook is lost

    consume(bought, refund_requested())

    assert bought.charged() == (2598, 2598)
    assert sorted(booked(bus)) == [(5.98, False), (20, True)]
    assert bought.payment()["status"] == "REFUNDED"


def test_a_refund_that_the_dashboard_made_ends_done(bought, bus):
    refund_at_dashboard(bought)

    consume(bought, refund_requested(amount="25.98"))
    consume(bought, refund_requested(amount="25.98"))

    assert bought.charged() == (2598, 2598)
    assert sorted(booked(bus)) == [(0, False), (25.98, True)]
    assert [refund["status"] for refund in bought.payment()["refunds"]] == ["DONE", "DONE"]


def test_a_dashboard_refund_that_fails_is_owed_again(bought, bus):
    refund = refund_at_dashboard(bought, 1000)
    bought.deliver_webhooks("charge.refunded")

    bought.stripe.fail_refund(refund["id"])
    bought.deliver_webhooks("refund.failed")

    assert int(bought.payment()["refundedMinor"]) == 0
    assert len(bus.events("RefundFailed")) >= 1


def fail_and_make_at_dashboard(shop):
    """The shop's refund fails at the bank, and staff make it at the dashboard."""
    consume(shop, refund_requested())
    shop.stripe.fail_refund(shop.payment()["refunds"][0]["gatewayId"])
    shop.deliver_webhooks("refund.failed")
    return refund_at_dashboard(shop, 1299)


def test_a_failed_refund_that_the_dashboard_made_is_its_next_attempt(bought, bus):
    fail_and_make_at_dashboard(bought)

    bought.deliver_webhooks("charge.refunded")

    (refund,) = bought.payment()["refunds"]
    assert (refund["status"], int(refund["attempt"])) == ("DONE", 2)
    assert sorted(booked(bus)) == [(12.99, False), (12.99, True)]
    consume(bought, refund_requested(attempt=2))
    assert bought.charged() == (2598, 1299)


def test_a_failed_refund_is_not_made_again_after_the_dashboard(bought):
    fail_and_make_at_dashboard(bought)  # and its webhook is lost

    consume(bought, refund_requested(attempt=2))

    assert bought.charged() == (2598, 1299)
    assert len(bought.payment()["refunds"]) == 1


def test_a_refund_that_fails_at_the_dashboard_too_is_made_by_the_shop(bought):
    refund = fail_and_make_at_dashboard(bought)
    bought.deliver_webhooks("charge.refunded")
    bought.stripe.fail_refund(refund["id"])
    bought.deliver_webhooks("refund.failed")
    assert bought.payment()["refunds"][0]["status"] == "FAILED"

    consume(bought, refund_requested(attempt=3))
    bought.deliver_webhooks()

    assert bought.charged() == (2598, 1299)
    assert bought.payment()["refunds"][0]["status"] == "DONE"


def test_a_webhook_without_an_order_is_found_by_its_intent(bought):
    """A refund that was made by hand carries none of the shop's metadata."""
    refund = refund_at_dashboard(bought, 1000)
    event = bought.stripe.webhooks.new_event("refund.created", refund)

    assert bought.deliver_webhook(event) == 200
    bought.consume("payment-webhook-queue", "on-payment-webhook")

    assert int(bought.payment()["refundedMinor"]) == 1000


def test_a_crash_before_the_event_is_published_publishes_it_later(bought, bus, interceptor):
    refund_at_dashboard(bought, 1000)
    interceptor.fail_calls("events", "PutEvents", times=1)
    bought.deliver_webhooks("charge.refunded")
    assert (booked(bus), int(bought.payment()["refundedMinor"])) == ([], 1000)

    assert bought.consume("payment-webhook-queue", "on-payment-webhook") == 0

    assert booked(bus) == [(10, True)]


def test_a_refund_whose_webhook_is_lost_is_booked_by_reconciliation(records):
    records.complete_purchase()
    records.refund_at_gateway(1299)

    assert records.check(repair=True) == [("RefundedTooMuch", "repaired")]

    assert records.shop.consume("payment-webhook-queue", "on-payment-webhook") == 0
    assert int(records.shop.payment()["refundedMinor"]) == 1299


def test_open_refunds_of_any_day_are_reconciled(records):
    records.complete_purchase()
    records.request_refund(restock=False)
    records.set_status(
        "CONFIRMED",
        openRefund="OPEN#3",
        placedOn="2025-01-01#0",
        createdAt="2025-01-01T00:00:00.000Z",
    )

    assert records.check(repair=True, day="2026-01-01", settle=0) == [("RefundOverdue", "repaired")]


def test_payments_of_other_systems_are_none_of_the_shops(records, queue):
    charge = {"amount": 999, "currency": "usd", "payment_method": "pm_card_visa", "confirm": "true"}
    for metadata in ({}, {"orderId": "1"}, {"orderId": ORDER, "stage": "prod"}):
        records.shop.stripe.create_intent({**charge, "metadata": metadata})

    assert records.kinds() == []
    records.shop.deliver_webhooks()
    assert records.shop.payment() == {}
