"""What Razorpay says of a paid order: disputes, refunds at its dashboard."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.checkout_shop import ORDER, CheckoutShop
from tests.refund_requests import RETURN, consume, refund_requested

from chalicelib.payments.gateways import razorpay_api
from chalicelib.payments.gateways.registry import get_gateway
from common import aws
from devcloud import razorpay
from devcloud.razorpay import FakeRazorpay

SECRET = "whsec_razorpay"
TOTAL = 2598  # paise


class UpiPurchase:
    """An order that is paid by UPI, and Razorpay's webhooks about it."""

    def __init__(self, shop: CheckoutShop, gateway: FakeRazorpay) -> None:
        self.shop, self.gateway = shop, gateway
        shop.lambda_fakes.answers[RETURN] = lambda step: {**step, "status": "COMMITTED"}
        shop.add_order(currency="INR", method="UPI")
        shop.charge(currency="INR", method="UPI", payment_method=None)
        self.intent_id = str(shop.payment()["intentId"])
        gateway.approve(self.intent_id)
        self.deliver_webhooks()
        shop.set_order_status(ORDER, "CONFIRMED")

    def deliver_webhooks(self, *kinds: str) -> set[int]:
        """Deliver and process the webhooks of these kinds, or all, newest first."""
        statuses = {
            self.deliver(event)
            for event in self.gateway.store.list_all("event")
            if not kinds or event["body"]["event"] in kinds
        }
        assert self.shop.consume("payment-webhook-queue", "on-payment-webhook") == 0
        return statuses

    def deliver(self, event: dict[str, Any]) -> int:
        body, headers = self.gateway.webhooks.message(event)
        answer = self.shop.api.post("/checkout/webhooks/razorpay", body, headers=headers)
        return int(answer.status_code)

    def dispute(self, status: str) -> None:
        self.gateway.dispute(self.intent_id, status)
        assert self.deliver_webhooks() == {200}

    def refund_at_dashboard(self, amount: int | None = None) -> dict[str, Any]:
        return self.gateway.refund_at_dashboard(self.intent_id, amount)

    def refunded(self) -> int:
        """At the gateway, in paise."""
        return int(self.gateway.totals()[ORDER]["refunded"])

    def disputes(self) -> list[str]:
        return [one["status"] for one in self.shop.payment()["disputes"]]


@pytest.fixture(scope="module")
def server() -> Iterator[FakeRazorpay]:
    with razorpay.serve(webhook_secret=SECRET) as running:
        yield running


@pytest.fixture
def gateway(server: FakeRazorpay, shop: CheckoutShop, monkeypatch: Any) -> Iterator[FakeRazorpay]:
    """The fake of Razorpay, empty, which takes UPI."""
    server.reset()
    monkeypatch.setenv("RAZORPAY_API_BASE", server.url)
    monkeypatch.setenv("PAYMENT_GATEWAYS", "CARD=stripe UPI=razorpay")
    keys = {"keyId": "rzp_test_1", "keySecret": "secret", "webhookSecret": SECRET}
    aws.client("secretsmanager").create_secret(
        Name=razorpay_api.SECRET, SecretString=json.dumps(keys)
    )
    get_gateway("razorpay").forget_keys()
    yield server
    get_gateway("razorpay").forget_keys()  # no other test has Razorpay


@pytest.fixture
def bought(shop: CheckoutShop, gateway: FakeRazorpay) -> UpiPurchase:
    return UpiPurchase(shop, gateway)


def published(bus: Any, kind: str, *names: str) -> list[tuple[Any, ...]]:
    """These fields of each event once."""
    details = {event["detail"]["eventId"]: event["detail"] for event in bus.events(kind)}
    return [tuple(detail[name] for name in names) for detail in details.values()]


def in_rupees(refund_id: str = "REFUND#1", amount: str = "12.99") -> dict[str, Any]:
    return refund_requested(refund_id, amount, currency="INR")


def test_a_upi_payment_is_captured_by_its_webhook(bought):
    assert bought.shop.payment()["status"] == "SUCCEEDED"


def test_a_dispute_at_razorpay_is_published_and_put_before_admins(bought, bus, topic):
    bought.dispute("open")
    bought.deliver_webhooks()

    assert bought.disputes() == ["OPEN"]
    assert published(bus, "PaymentDisputed", "orderId", "status") == [(ORDER, "OPEN")]
    ((audience, notice),) = topic()
    assert (audience, notice["kind"]) == ("admin", "DISPUTE_OPEN")
    due_by = bought.shop.payment()["disputes"][0]["evidenceDueBy"]
    assert f"until {due_by}" in notice["message"]


@pytest.mark.parametrize("status", ["WON", "LOST"])
def test_a_dispute_at_razorpay_stays_decided(bought, bus, status):
    bought.dispute("open")
    bought.dispute(status.lower())  # delivers the first webhook again, after the last one

    assert bought.disputes() == [status]
    statuses = [(ORDER, "OPEN"), (ORDER, status)]
    assert published(bus, "PaymentDisputed", "orderId", "status") == statuses


def test_nothing_is_refunded_while_razorpay_has_a_dispute(bought):
    bought.dispute("open")
    consume(bought.shop, in_rupees())
    assert bought.refunded() == 0

    bought.dispute("won")
    consume(bought.shop, in_rupees())
    assert bought.refunded() == 1299


def test_what_a_dispute_at_razorpay_took_is_not_refunded(bought):
    bought.dispute("open")
    bought.dispute("lost")

    consume(bought.shop, in_rupees())

    assert bought.refunded() == 0


def test_refunds_at_razorpays_dashboard_are_booked_once(bought, bus):
    bought.refund_at_dashboard(1000)
    bought.refund_at_dashboard(500)

    assert bought.deliver_webhooks("refund.processed") == {200}
    bought.deliver_webhooks()

    assert int(bought.shop.payment()["refundedMinor"]) == 1500
    booked = published(bus, "PaymentRefunded", "amount", "isBooked")
    assert sorted(booked) == [(5, True), (10, True)]


def test_a_later_refund_asks_for_what_razorpays_dashboard_left(bought, bus):
    bought.refund_at_dashboard(2000)  # and its webhook is lost

    consume(bought.shop, in_rupees())

    assert bought.refunded() == TOTAL
    booked = published(bus, "PaymentRefunded", "amount", "isBooked")
    assert sorted(booked) == [(5.98, False), (20, True)]
    assert bought.shop.payment()["status"] == "REFUNDED"


def test_a_refund_that_razorpays_dashboard_made_ends_done(bought):
    bought.refund_at_dashboard()

    consume(bought.shop, in_rupees(amount="25.98"))

    assert bought.refunded() == TOTAL
    assert [refund["status"] for refund in bought.shop.payment()["refunds"]] == ["DONE", "DONE"]


def test_a_dashboard_refund_that_fails_at_razorpay_is_owed_again(bought, bus):
    refund = bought.refund_at_dashboard(1000)
    bought.deliver_webhooks("refund.processed")

    bought.gateway.fail_refund(refund["id"])
    bought.deliver_webhooks("refund.failed")

    assert int(bought.shop.payment()["refundedMinor"]) == 0
    assert len(published(bus, "RefundFailed", "refundId")) == 1


def test_a_refund_of_the_shop_that_fails_at_razorpay_is_owed_again(bought, bus):
    consume(bought.shop, in_rupees())
    bought.gateway.fail_refund(bought.shop.payment()["refunds"][0]["gatewayId"])
    bought.deliver_webhooks("refund.failed")

    assert published(bus, "RefundFailed", "refundId", "attempt") == [("REFUND#1", 1)]


NOTES: list[dict[str, str]] = [
    {},
    {"orderId": ORDER},
    {"orderId": ORDER, "stage": "prod"},
]


@pytest.mark.parametrize("notes", NOTES)
def test_payments_of_other_systems_at_razorpay_are_ignored(
    shop: CheckoutShop, gateway: FakeRazorpay, notes: dict[str, str], records: Any
) -> None:
    charge = {"amount": 999, "currency": "INR", "payment_capture": True}
    order = gateway.create_order({**charge, "notes": notes})
    gateway.approve(order["id"])
    gateway.refund_at_dashboard(order["id"], 100)
    gateway.dispute(order["id"], "open")

    for event in gateway.store.list_all("event"):
        body, headers = gateway.webhooks.message(event)
        assert (
            shop.api.post("/checkout/webhooks/razorpay", body, headers=headers).status_code == 200
        )
    assert shop.consume("payment-webhook-queue", "on-payment-webhook") == 0

    assert records.kinds() == []
    assert shop.payment() == {}
