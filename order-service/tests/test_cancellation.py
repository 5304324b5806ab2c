import pytest
from order_actors import error_of
from order_factories import row


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


def test_a_confirmed_order_cannot_be_cancelled(jimmy, confirmed):
    assert error_of(jimmy.cancel(confirmed)) == (409, "OrderAlreadyConfirmed")
    assert row(confirmed)["status"] == "CONFIRMED"


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
