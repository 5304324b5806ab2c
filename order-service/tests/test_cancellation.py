from functools import partial

import pytest
from order_actors import error_of, run_concurrently
from order_factories import BOWL, SHAKE, row

from chalicelib.orders.models import Order
from testkit.resources import table
from testkit.service_client import stream_records
from testkit.tokens import JIMMY


@pytest.fixture
def set_fulfilment():
    """Set how much of an order was shipped."""

    def set_fulfilment(order_id, status):
        table("Orders").update_item(
            Key={"orderId": order_id},
            UpdateExpression="SET fulfilmentStatus = :status",
            ExpressionAttributeValues={":status": status},
        )

    return set_fulfilment


def test_an_unpaid_order_can_be_cancelled(jimmy, order):
    response = jimmy.cancel(order)

    assert (response.status_code, response.json_body["status"]) == (200, "CANCELLED")
    assert (row(order)["status"], row(order)["version"]) == ("CANCELLED", 2)


def test_an_order_is_found_by_its_bare_ulid_in_lower_case(jimmy, order):
    bare = order.removeprefix("ORDER#").lower()

    assert jimmy.get(bare).json_body["orderId"] == order
    assert jimmy.cancel(f"order#{bare}").json_body["status"] == "CANCELLED"
    assert row(order)["status"] == "CANCELLED"


def test_cancelling_twice_cancels_once(jimmy, order):
    first, again = jimmy.cancel(order), jimmy.cancel(order)

    assert (again.status_code, again.json_body) == (200, first.json_body)
    assert row(order)["version"] == 2


@pytest.mark.parametrize("status", ["FAILED", "EXPIRED"])
def test_an_order_that_has_ended_cannot_be_cancelled(api, jimmy, order, status):
    api.invoke("fail-order", {"orderId": order, "reason": "x", "status": status})

    assert error_of(jimmy.cancel(order)) == (409, "OrderAlreadyEnded")
    assert row(order)["status"] == status


def test_only_an_admin_cancels_another_customers_order(amy, admin, order):
    assert error_of(amy.cancel(order)) == (404, "OrderNotFound")
    assert row(order)["status"] == "CREATED"

    assert admin.cancel(order).json_body["status"] == "CANCELLED"


def test_an_order_that_does_not_exist_cannot_be_cancelled(jimmy):
    assert error_of(jimmy.cancel("ORDER#none")) == (404, "OrderNotFound")


# paid orders


def test_cancelling_a_paid_order_refunds_all_of_it(jimmy, paid):
    response = jimmy.cancel(paid)

    assert response.status_code == 200
    seen = response.json_body
    assert (seen["status"], seen["refundedAmount"]) == ("CANCELLING", 0)
    assert seen["cancelledAt"] >= seen["createdAt"]
    (refund,) = seen["refunds"]
    assert (refund["status"], refund["amount"], refund["restock"]) == ("REQUESTED", 36.48, True)
    assert refund["items"] == [{"productId": BOWL, "qty": 2}, {"productId": SHAKE, "qty": 3}]
    assert row(paid)["refunds"][0]["requestedBy"] == JIMMY


def test_the_refund_of_a_cancelled_order_says_that_it_is_not_shipped(api, jimmy, paid, bus):
    jimmy.cancel(paid)

    api.stream("announce-orders", stream_records("Orders"))

    (event,) = bus.events("RefundRequested")
    assert (event["detail"]["cancelsOrder"], event["detail"]["amount"]) == (True, 36.48)
    assert bus.events("OrderCancelled") == []


def test_a_cancelled_order_ends_refunded(jimmy, paid, complete_refunds):
    refund = jimmy.cancel(paid).json_body["refunds"][0]
    complete_refunds({**refund, "orderId": paid, "currency": "USD"})

    seen = jimmy.get(paid).json_body
    assert (seen["status"], seen["refundedAmount"]) == ("REFUNDED", 36.48)
    assert "cancelledAt" in seen
    assert jimmy.cancel(paid).json_body == seen


def test_cancelling_a_paid_order_twice_refunds_once(jimmy, paid):
    answers = run_concurrently(*[partial(jimmy.cancel, paid)] * 4)

    assert {answer.status_code for answer in answers} == {200}
    assert [int(refund["amountMinor"]) for refund in row(paid)["refunds"]] == [3648]


def test_a_partly_refunded_order_is_cancelled_for_the_rest(jimmy, admin, paid, complete_refunds):
    first = admin.refund(paid, (BOWL, 1), key="one")
    rest = jimmy.cancel(paid).json_body["refunds"][1]
    assert rest["amount"] == 23.49

    complete_refunds({**rest, "orderId": paid, "currency": "USD"})
    assert row(paid)["status"] == "CANCELLING"
    complete_refunds(first)
    assert row(paid)["status"] == "REFUNDED"


@pytest.mark.parametrize("shipped", ["PARTLY_FULFILLED", "FULFILLED", "DELIVERED"])
def test_an_order_of_which_something_was_shipped_is_kept(jimmy, paid, set_fulfilment, shipped):
    set_fulfilment(paid, shipped)

    assert error_of(jimmy.cancel(paid)) == (409, "OrderAlreadyShipped")
    assert row(paid)["status"] == "CONFIRMED"
    assert "refunds" not in row(paid)


def test_an_order_that_is_to_be_shipped_can_be_cancelled(jimmy, paid, set_fulfilment):
    set_fulfilment(paid, "UNFULFILLED")

    assert jimmy.cancel(paid).json_body["status"] == "CANCELLING"


def test_a_shipment_that_overtakes_a_cancellation_wins(jimmy, paid, set_fulfilment, monkeypatch):
    """It is stored between this request's read and write, without a new version."""
    update = Order.update

    def overtake(order, *args, **kwargs):
        set_fulfilment(paid, "FULFILLED")
        return update(order, *args, **kwargs)

    monkeypatch.setattr(Order, "update", overtake)

    assert error_of(jimmy.cancel(paid)) == (409, "OrderAlreadyShipped")
    assert "refunds" not in row(paid)


def test_an_order_that_was_refunded_cannot_be_cancelled(jimmy, admin, paid, complete_refunds):
    complete_refunds(admin.refund(paid))

    assert error_of(jimmy.cancel(paid)) == (409, "OrderAlreadyEnded")
    assert "cancelledAt" not in row(paid)


def test_only_its_customer_or_staff_cancel_a_paid_order(amy, admin, paid):
    assert error_of(amy.cancel(paid)) == (404, "OrderNotFound")
    assert row(paid)["status"] == "CONFIRMED"

    assert admin.cancel(paid).json_body["status"] == "CANCELLING"


def test_a_cancelled_order_is_confirmed_again_as_the_saga_left_it(api, jimmy, paid):
    jimmy.cancel(paid)

    again = api.invoke("create-order-record", {"orderId": paid, "paymentId": "PAY#2001"})

    assert again == {"orderId": paid, "status": "CANCELLING"}
    assert api.invoke("fail-order", {"orderId": paid, "reason": "x"})["status"] == "CANCELLING"
