"""A disputed charge is put before staff, and not refunded."""

import pytest
from tests.checkout_shop import ORDER
from tests.refund_requests import buy_two_bowls, consume, refund_requested


@pytest.fixture
def bought(shop):
    """Two bowls, paid with 25.98."""
    buy_two_bowls(shop)
    return shop


def dispute(shop, status):
    shop.stripe.dispute(shop.payment()["intentId"], status)
    assert set(shop.deliver_webhooks()) == {200}


def statuses(shop):
    return [(one["status"], int(one["amountMinor"])) for one in shop.payment()["disputes"]]


def published(bus):
    details = {
        event["detail"]["eventId"]: event["detail"] for event in bus.events("PaymentDisputed")
    }
    return [(detail["orderId"], detail["status"]) for detail in details.values()]


def test_a_dispute_is_found_by_its_intent_and_published(bought, bus):
    dispute(bought, "open")

    assert statuses(bought) == [("OPEN", 2598)]
    assert published(bus) == [(ORDER, "OPEN")]


def test_admins_are_told_of_a_dispute_once_with_the_deadline(bought, topic):
    dispute(bought, "open")
    bought.deliver_webhooks()

    ((audience, notice),) = topic()
    assert (audience, notice["kind"]) == ("admin", "DISPUTE_OPEN")
    due_by = bought.payment()["disputes"][0]["evidenceDueBy"]
    assert f"until {due_by}" in notice["message"]


@pytest.mark.parametrize("status", ["WON", "LOST"])
def test_a_decided_dispute_stays_decided_when_webhooks_come_late(bought, bus, topic, status):
    dispute(bought, "open")
    events = bought.stripe.store.list_all("event")
    dispute(bought, status.lower())
    for event in events:
        bought.deliver_webhook({**event, "id": f"{event['id']}-late"})
    bought.consume("payment-webhook-queue", "on-payment-webhook")

    assert statuses(bought) == [(status, 2598)]
    assert published(bus) == [(ORDER, "OPEN"), (ORDER, status)]
    assert [notice["kind"] for _, notice in topic()] == ["DISPUTE_OPEN", f"DISPUTE_{status}"]


def test_nothing_is_refunded_while_a_charge_is_disputed(bought):
    dispute(bought, "open")
    consume(bought, refund_requested())
    assert bought.charged() == (2598, 0)

    dispute(bought, "won")
    consume(bought, refund_requested())
    assert bought.charged() == (2598, 1299)


def test_what_a_lost_dispute_took_is_not_refunded(bought, bus):
    dispute(bought, "open")
    dispute(bought, "lost")

    consume(bought, refund_requested())

    assert bought.charged() == (2598, 0)
    assert [event["detail"]["amount"] for event in bus.events("PaymentRefunded")] == [0]


def test_an_order_that_does_not_show_its_dispute_is_found(records):
    records.complete_purchase()
    dispute(records.shop, "open")
    assert records.kinds() == ["DisputeContradicts"]

    (one,) = records.shop.payment()["disputes"]
    records.set_status("CONFIRMED", disputes=[one])
    assert records.kinds() == []
