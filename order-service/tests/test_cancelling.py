import pytest
from tests.people import refusal, row


def test_an_order_that_is_not_paid_can_be_cancelled(jimmy, order):
    response = jimmy.cancel(order)

    assert (response.status_code, response.json_body["status"]) == (200, "CANCELLED")
    assert (row(order)["status"], row(order)["version"]) == ("CANCELLED", 2)


def test_cancelling_twice_is_cancelling_once(jimmy, order):
    first, again = jimmy.cancel(order), jimmy.cancel(order)

    assert (again.status_code, again.json_body) == (200, first.json_body)
    assert row(order)["version"] == 2


def test_a_confirmed_order_cannot_be_cancelled(jimmy, confirmed):
    assert refusal(jimmy.cancel(confirmed)) == (409, "OrderAlreadyConfirmed")
    assert row(confirmed)["status"] == "CONFIRMED"


@pytest.mark.parametrize("status", ["FAILED", "EXPIRED"])
def test_of_an_order_that_ended_nothing_is_left_to_cancel(api, jimmy, order, status):
    api.invoke("fail-order", {"orderId": order, "reason": "x", "status": status})

    assert refusal(jimmy.cancel(order)) == (409, "OrderAlreadyEnded")
    assert row(order)["status"] == status


def test_nobody_cancels_somebody_elses_order_but_an_admin(amy, admin, order):
    assert refusal(amy.cancel(order)) == (404, "OrderNotFound")
    assert row(order)["status"] == "CREATED"

    assert admin.cancel(order).json_body["status"] == "CANCELLED"


def test_an_order_that_does_not_exist_cannot_be_cancelled(jimmy):
    assert refusal(jimmy.cancel("ORDER#none")) == (404, "OrderNotFound")
