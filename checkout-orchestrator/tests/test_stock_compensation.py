import pytest
from tests.checkout_shop import BOWL, ORDER
from tests.lambda_fakes import LambdaError

from common import events, queues
from testkit.tokens import JIMMY

RELEASE = "product-service-local-release-inventory"
COMMIT = "product-service-local-update-inventory"
LINES = [{"productId": BOWL, "qty": 2}]


def paid():
    event = events.create(
        events.PaymentSuccess,
        order_id=ORDER,
        user_id=JIMMY,
        payment_id="PAY#1",
        amount="25.98",
        currency="USD",
    )
    return events.to_message(event)


@pytest.fixture
def stock(shop):
    shop.lambda_fakes.answers[RELEASE] = shop.lambda_fakes.answers[COMMIT] = lambda step: {
        "status": "done"
    }
    return shop


def test_stock_that_a_saga_queued_is_released(stock):
    stock.api.sqs(
        "on-inventory-update", [{"action": "release", "orderId": ORDER, "correlationId": "cor-1"}]
    )

    assert stock.lambda_fakes.called(RELEASE) == [{"orderId": ORDER, "correlationId": "cor-1"}]


def test_stock_is_committed_by_message(stock):
    stock.api.sqs("on-inventory-update", [{"action": "commit", "orderId": ORDER, "items": LINES}])

    (step,) = stock.lambda_fakes.called(COMMIT)
    assert (step["orderId"], step["items"]) == (ORDER, LINES)


def test_a_payment_deducts_the_orders_goods(stock):
    stock.add_order()

    stock.api.sqs("on-inventory-update", [paid()])

    (step,) = stock.lambda_fakes.called(COMMIT)
    assert (step["orderId"], step["items"]) == (ORDER, LINES)


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED", "EXPIRED"])
def test_a_late_payment_event_deducts_nothing_for_an_order_that_ended(stock, status):
    stock.add_order(status=status)

    stock.api.sqs("on-inventory-update", [paid()])

    assert stock.lambda_fakes.called(COMMIT) == []


@pytest.mark.parametrize("error", ["OutOfStock", "ReservationEnded"])
def test_an_ended_reservation_is_left_to_the_saga(stock, error):
    stock.add_order()

    def refuse(step):
        raise LambdaError(error)

    stock.lambda_fakes.answers[COMMIT] = refuse

    stock.api.sqs("on-inventory-update", [paid()])


@pytest.mark.parametrize("message", [paid(), {"action": "release", "orderId": ORDER}])
def test_a_failure_of_product_service_is_retried(stock, message):
    stock.add_order()

    def crash(step):
        raise LambdaError("StockContended")

    stock.lambda_fakes.answers[COMMIT] = stock.lambda_fakes.answers[RELEASE] = crash

    with pytest.raises(queues.BatchPartlyFailed):
        stock.api.sqs("on-inventory-update", [message], "inventory-update-queue")


@pytest.mark.parametrize("message", [{}, {"action": "count", "orderId": ORDER}])
def test_an_invalid_message_is_not_lost(stock, message):
    with pytest.raises(queues.BatchPartlyFailed):
        stock.api.sqs("on-inventory-update", [message], "inventory-update-queue")
