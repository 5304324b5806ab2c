"""What became of a refund at the gateway: booked there, made with less, or failed."""

import pytest
from order_actors import error_of
from order_factories import BOWL, SHAKE, disputed, payment_refunded, row

from chalicelib.orders import refunds
from chalicelib.orders.models import Order
from common import events, queues
from testkit.service_client import stream_records


@pytest.fixture
def deliver(api):
    """Deliver events of the payment."""
    return lambda *messages: api.sqs("on-payment-refunded", list(messages))


def booked(order_id, amount=5.0, refund_id="REFUND#dashboard"):
    """PaymentRefunded of a refund that was made at the gateway's dashboard."""
    refund = {"orderId": order_id, "refundId": refund_id, "amount": amount, "currency": "USD"}
    return payment_refunded(refund, is_booked=True)


def failed(refund, **more):
    return payment_refunded(refund, events.RefundFailed, **more)


def requests(bus):
    return [
        (event["detail"]["refundId"], event["detail"]["attempt"])
        for event in bus.events("RefundRequested")
    ]


def open_orders():
    """The orders in the index of open refunds."""
    return [
        order.order_id
        for shard in range(8)
        for order in Order.by_open_refund.query(f"OPEN#{shard}")
    ]


def test_a_refund_at_the_dashboard_is_shown_once(jimmy, paid, deliver):
    deliver(booked(paid), booked(paid))

    seen = jimmy.get(paid).json_body
    assert (seen["status"], seen["refundedAmount"]) == ("PARTLY_REFUNDED", 5)
    (refund,) = seen["refunds"]
    assert (refund["requestedBy"], refund["restock"], refund["items"]) == ("GATEWAY", False, [])


def test_no_more_than_is_left_is_refunded_after_the_dashboard(admin, paid, deliver):
    deliver(booked(paid, 30))

    assert error_of(admin.refund(paid, amount=6.49, key="one")) == (409, "RefundTooLarge")
    assert admin.refund(paid).json_body["amount"] == 6.48


def test_all_refunded_at_the_dashboard_is_all_refunded(jimmy, paid, deliver):
    deliver(booked(paid, 36.48))

    assert row(paid)["status"] == "REFUNDED"
    assert error_of(jimmy.cancel(paid)) == (409, "OrderAlreadyEnded")


def test_a_refund_that_the_dashboard_overtook_ends_with_what_was_left(jimmy, paid, deliver):
    refund = jimmy.cancel(paid).json_body["refunds"][0]
    deliver(booked(paid, 36.48))
    assert row(paid)["status"] == "CANCELLING"

    deliver(payment_refunded({**refund, "orderId": paid, "currency": "USD", "amount": 0}))

    seen = jimmy.get(paid).json_body
    assert (seen["status"], seen["refundedAmount"]) == ("REFUNDED", 36.48)
    assert open_orders() == []


def test_the_refund_of_an_unpaid_order_is_not_shown(api, order, deliver):
    with pytest.raises(queues.BatchPartlyFailed):
        deliver(booked(order))  # it may still be confirmed
    api.invoke("fail-order", {"orderId": order, "reason": "x"})

    deliver(booked(order))

    assert "refunds" not in row(order)


# failures


def test_a_failed_refund_is_owed_again(jimmy, admin, paid, deliver, complete_refunds):
    refund = admin.refund(paid)
    complete_refunds(refund)

    deliver(failed(refund))

    seen = jimmy.get(paid).json_body
    assert (seen["status"], seen["refundedAmount"]) == ("PARTLY_REFUNDED", 0)
    assert seen["refunds"][0]["status"] == "FAILED"
    assert open_orders() == [paid]


def test_a_failed_refund_is_tried_again_by_the_same_request(
    api, admin, paid, deliver, complete_refunds, bus
):
    first = admin.refund(paid, (BOWL, 1), key="one")
    deliver(failed(first))

    again = admin.refund(paid, (BOWL, 1), key="one")

    assert again.json_body["refundId"] == first.json_body["refundId"]
    api.stream("announce-orders", stream_records("Orders"))
    refund_id = first.json_body["refundId"]
    assert requests(bus) == [(refund_id, 1), (refund_id, 2)]
    deliver(payment_refunded(first, attempt=2))
    assert row(paid)["refunds"][0]["status"] == "DONE"
    assert open_orders() == []


def test_a_cancelled_order_whose_refund_failed_is_cancelled_again(jimmy, paid, deliver):
    refund = {**jimmy.cancel(paid).json_body["refunds"][0], "orderId": paid, "currency": "USD"}
    deliver(payment_refunded(refund), failed(refund))
    assert row(paid)["status"] == "CANCELLING"

    assert jimmy.cancel(paid).json_body["refunds"][0]["status"] == "REQUESTED"

    deliver(payment_refunded(refund, attempt=2))
    assert row(paid)["status"] == "REFUNDED"


def test_events_of_an_earlier_attempt_change_nothing(admin, paid, deliver):
    refund = admin.refund(paid)
    deliver(failed(refund))
    admin.refund(paid)
    before = row(paid)

    deliver(failed(refund), payment_refunded(refund))

    assert row(paid) == before


def test_a_failure_that_overtakes_its_refund_stands(admin, paid, deliver):
    refund = admin.refund(paid)

    deliver(failed(refund), payment_refunded(refund))

    assert row(paid)["refunds"][0]["status"] == "FAILED"


def test_the_goods_of_a_failed_refund_are_not_refunded_twice(admin, paid, deliver):
    deliver(failed(admin.refund(paid, (BOWL, 2), key="one")))

    assert error_of(admin.refund(paid, (BOWL, 1), key="two")) == (409, "RefundTooLarge")
    assert admin.refund(paid, amount=25.98, key="three").status_code == 202


def test_a_failed_refund_made_good_at_the_dashboard_is_not_tried_again(admin, paid, deliver):
    deliver(failed(admin.refund(paid)), booked(paid, 36.48))

    assert error_of(admin.refund(paid)) == (409, "NothingToRefund")
    assert (row(paid)["status"], open_orders()) == ("REFUNDED", [])


def test_a_failed_refund_that_the_dashboard_made_is_completed(api, admin, paid, deliver, bus):
    """Its goods and its mail come with the request, whose money is back already."""
    refund = admin.refund(paid, (BOWL, 1), key="one")
    made = payment_refunded(refund, is_booked=True, attempt=2)
    deliver(failed(refund), made)

    api.stream("announce-orders", stream_records("Orders"))
    refund_id = refund.json_body["refundId"]
    assert requests(bus) == [(refund_id, 1), (refund_id, 2)]
    deliver(payment_refunded(refund, attempt=2), made, failed(refund))
    (stored,) = row(paid)["refunds"]
    assert (stored["status"], stored["attempt"], open_orders()) == ("DONE", 2, [])


# refunds that are not made


def test_orders_with_open_refunds_are_listed_until_they_are_done(
    jimmy, admin, paid, confirmed, complete_refunds
):
    first = admin.refund(paid, (SHAKE, 1), key="one")
    jimmy.cancel(confirmed)
    assert sorted(open_orders()) == sorted([paid, confirmed])

    complete_refunds(first)

    assert open_orders() == [confirmed]


def test_asking_again_for_a_refund_that_waits_requests_it_again(api, admin, paid, bus, monkeypatch):
    refund_id = admin.refund(paid).json_body["refundId"]
    admin.refund(paid)  # at once: it is under way
    monkeypatch.setattr(refunds, "ASK_AGAIN_SECONDS", -1)

    admin.refund(paid)

    api.stream("announce-orders", stream_records("Orders"))
    assert requests(bus) == [(refund_id, 1), (refund_id, 1)]


# disputes


def test_a_disputed_order_says_so_and_is_neither_refunded_nor_cancelled(
    jimmy, admin, paid, deliver
):
    deliver(disputed(paid), disputed(paid))

    seen = jimmy.get(paid).json_body
    (dispute,) = seen["disputes"]
    assert (seen["status"], dispute["status"], dispute["amount"]) == ("CONFIRMED", "OPEN", 36.48)
    assert error_of(admin.refund(paid)) == (409, "OrderDisputed")
    assert error_of(jimmy.cancel(paid)) == (409, "OrderDisputed")


def test_an_order_whose_dispute_is_won_is_refunded_again(admin, paid, deliver):
    deliver(disputed(paid), disputed(paid, "WON"), disputed(paid))  # the last is late

    assert admin.refund(paid).json_body["amount"] == 36.48


def test_what_a_lost_dispute_took_is_not_refunded_again(admin, paid, deliver):
    deliver(disputed(paid, "LOST", "30.00"))

    assert admin.refund(paid).json_body["amount"] == 6.48


def test_a_refund_that_waited_for_a_dispute_is_requested_again(api, admin, paid, deliver, bus):
    refund_id = admin.refund(paid).json_body["refundId"]

    deliver(disputed(paid), disputed(paid, "WON"))

    api.stream("announce-orders", stream_records("Orders"))
    assert requests(bus) == [(refund_id, 1), (refund_id, 1)]
