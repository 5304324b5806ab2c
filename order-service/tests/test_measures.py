"""What is counted of orders: each thing that happened once, however often it was asked for."""

import pytest
from tests.people import BOWL

HERE = "order-service"


def ended(measured):
    names = ("OrdersConfirmed", "OrdersFailed", "OrdersExpired", "OrdersCancelled")
    return {name: measured(name) for name in names if measured(name)}


def test_an_order_is_counted_when_it_is_placed_and_not_when_it_is_asked_for_again(measured, jimmy):
    for _ in range(2):
        jimmy.order((BOWL, 2), key="once")

    assert measured("OrdersPlaced") == [(1, HERE)]


def test_an_order_that_is_refused_was_not_placed(measured, jimmy):
    assert jimmy.order((BOWL, 51)).status_code == 409

    assert measured("OrdersPlaced") == []


def test_revenue_is_counted_once_in_its_currency(measured, api, order):
    for _ in range(2):
        api.invoke("create-order-record", {"orderId": order, "paymentId": "PAY#2001"})

    assert ended(measured) == {"OrdersConfirmed": [(1, HERE)]}
    assert measured("Revenue") == [(2598, "USD")]


@pytest.mark.parametrize(
    ("status", "name"), [("FAILED", "OrdersFailed"), ("EXPIRED", "OrdersExpired")]
)
def test_an_order_ends_once_and_brings_no_revenue_without_payment(
    measured, api, order, status, name
):
    for _ in range(2):
        api.invoke("fail-order", {"orderId": order, "reason": "declined", "status": status})

    assert ended(measured) == {name: [(1, HERE)]}
    assert measured("Revenue") == []


def test_a_cancelled_order_is_not_counted_as_failed_by_the_saga_that_gives_it_up(
    measured, api, jimmy, order
):
    jimmy.cancel(order)
    jimmy.cancel(order)
    api.invoke("fail-order", {"orderId": order, "reason": "cancelled"})

    assert ended(measured) == {"OrdersCancelled": [(1, HERE)]}


def test_an_order_that_failed_before_it_was_placed_is_counted_as_failed_once(measured, api):
    for _ in range(2):
        api.invoke(
            "fail-order", {"orderId": "ORDER#1001", "userId": "USER#1", "reason": "sold out"}
        )

    assert ended(measured) == {"OrdersFailed": [(1, HERE)]}
    assert (measured("OrdersPlaced"), measured("CheckoutDuration")) == ([], [])


def test_how_long_a_checkout_took_is_told_by_how_it_ended(measured, api, order):
    api.invoke("create-order-record", {"orderId": order, "paymentId": "PAY#2001"})

    ((milliseconds, status),) = measured("CheckoutDuration")
    assert status == "CONFIRMED"
    assert 0 <= milliseconds < 60_000


def test_a_refusal_of_a_step_is_told_apart_from_a_failure(measured, api, jimmy, order, monkeypatch):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "order-service-dev-validate-order")
    jimmy.cancel(order)
    for event in ({"orderId": order}, {"orderId": 7}):
        with pytest.raises(Exception, match=r"cancelled|orderId"):
            api.invoke("validate-order", event)

    assert measured("Refusals") == [(1, "order-service-dev-validate-order")]
