"""A paid order is cancelled: first the warehouse, then the money."""

import pytest
from tests.checkout_shop import BOWL, ORDER
from tests.refund_requests import RETURN, buy_two_bowls, consume, refund_requested

from common import queues


@pytest.fixture
def cancelled(shop):
    """Two bowls, paid with 25.98 and cancelled since."""
    buy_two_bowls(shop)
    shop.set_order_status(ORDER, "CANCELLING", cancelledAt="2025-10-13T14:10:00.000Z")
    return shop


CANCELLATION = {"amount": "25.98", "cancels_order": True}


def test_a_cancelled_purchase_is_withdrawn_refunded_and_restocked(cancelled, topic, bus):
    consume(cancelled, refund_requested(**CANCELLATION))

    ((audience, notice),) = topic()
    assert (audience, notice["kind"]) == ("inventory", "PICKING_WITHDRAWN")
    assert f"Do not ship order #{ORDER[6:]}" in notice["message"]
    assert f"2 x Protein Bowl ({BOWL})" in notice["message"]
    assert cancelled.charged() == (2598, 2598)
    assert len(cancelled.lambda_fakes.called(RETURN)) == 1
    assert len(bus.events("PaymentRefunded")) == 1


def test_the_warehouse_is_told_before_the_money_goes_back(cancelled, topic):
    cancelled.stripe.faults.set(down=True)
    consume(cancelled, refund_requested(**CANCELLATION))  # it is queued again

    assert [notice["kind"] for _, notice in topic()] == ["PICKING_WITHDRAWN"]
    assert cancelled.charged() == (2598, 0)


def test_no_money_goes_back_while_the_warehouse_cannot_be_told(cancelled, interceptor):
    interceptor.fail_calls("sns", "Publish", times=5)
    with pytest.raises(queues.BatchPartlyFailed):
        consume(cancelled, refund_requested(**CANCELLATION))

    assert cancelled.charged() == (2598, 0)


def test_a_repeated_cancellation_withdraws_and_refunds_once(cancelled, topic):
    consume(cancelled, refund_requested(**CANCELLATION), refund_requested(**CANCELLATION))

    assert len(topic()) == 1
    assert cancelled.charged() == (2598, 2598)


def test_the_customer_is_told_of_the_cancellation_and_the_refund(cancelled):
    consume(cancelled, refund_requested(**CANCELLATION))
    assert cancelled.consume("notification-queue", "on-notification") == 0

    (mail,) = [row for row in cancelled.notifications() if row["audience"] == "customer"]
    assert mail["subject"] == "Your order is cancelled"
    assert "25.98 USD are on their way back to you" in mail["message"]


def test_a_purchase_refunded_before_it_was_cancelled_is_withdrawn(cancelled, topic):
    """Nothing is left to refund: the warehouse is told all the same."""
    consume(cancelled, refund_requested(amount="25.98"))

    consume(cancelled, refund_requested("REFUND#2", amount="0", cancels_order=True, items=[]))

    assert [notice["kind"] for _, notice in topic()] == ["PICKING_WITHDRAWN"]
    assert cancelled.charged() == (2598, 2598)


def test_a_refunded_cancellation_without_a_notice_is_found(records):
    records.complete_purchase()
    records.request_refund(amount=2598, qty=2, status="DONE", cancelsOrder=True)
    records.set_status("REFUNDED", cancelledAt="2025-10-13T14:10:00.000Z")
    records.refund_at_gateway(2598)
    records.store_reservation("COMMITTED", returned=2)
    assert records.kinds() == ["NotNotified"]

    records.shop.api.sqs("on-refund-requested", [refund_requested(amount="0", **CANCELLED)])
    assert records.kinds() == []


CANCELLED = {"cancels_order": True, "restock": False}
