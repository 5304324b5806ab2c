"""Each change of an order is counted once, however often it is requested."""

import pytest
from order_factories import BOWL

HERE = "order-service"


def ended(measured):
    names = ("OrdersConfirmed", "OrdersFailed", "OrdersExpired", "OrdersCancelled")
    return {name: measured(name) for name in names if measured(name)}


def test_an_order_is_counted_when_placed_and_not_when_repeated(measured, jimmy):
    for _ in range(2):
        jimmy.order((BOWL, 2), key="once")

    assert measured("OrdersPlaced") == [(1, HERE)]


def test_a_rejected_order_is_not_counted(measured, jimmy):
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
def test_an_unpaid_order_is_counted_once_and_without_revenue(measured, api, order, status, name):
    for _ in range(2):
        api.invoke("fail-order", {"orderId": order, "reason": "declined", "status": status})

    assert ended(measured) == {name: [(1, HERE)]}
    assert measured("Revenue") == []


def test_a_cancelled_order_that_its_saga_fails_is_not_counted_failed(measured, api, jimmy, order):
    jimmy.cancel(order)
    jimmy.cancel(order)
    api.invoke("fail-order", {"orderId": order, "reason": "cancelled"})

    assert ended(measured) == {"OrdersCancelled": [(1, HERE)]}


def test_an_order_that_was_never_placed_is_counted_failed_once(measured, api):
    for _ in range(2):
        api.invoke(
            "fail-order", {"orderId": "ORDER#1001", "userId": "USER#1", "reason": "sold out"}
        )

    assert ended(measured) == {"OrdersFailed": [(1, HERE)]}
    assert (measured("OrdersPlaced"), measured("CheckoutDuration")) == ([], [])


def test_the_duration_of_a_checkout_is_measured_by_its_end(measured, api, order):
    api.invoke("create-order-record", {"orderId": order, "paymentId": "PAY#2001"})

    ((milliseconds, status),) = measured("CheckoutDuration")
    assert status == "CONFIRMED"
    assert 0 <= milliseconds < 60_000


def test_an_expected_rejection_of_a_step_is_counted_as_refusal(
    measured, api, jimmy, order, monkeypatch
):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "order-service-dev-validate-order")
    jimmy.cancel(order)
    for event in ({"orderId": order}, {"orderId": 7}):
        with pytest.raises(Exception, match=r"cancelled|orderId"):
            api.invoke("validate-order", event)

    assert measured("Refusals") == [(1, "order-service-dev-validate-order")]
