from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.checkout_shop import BOWL, ORDER
from tests.lambda_fakes import LambdaError
from tests.refund_requests import RETURN, buy_two_bowls, consume, refund_requested

from common import queues


@pytest.fixture
def bought(shop):
    """Two bowls, paid with 25.98."""
    buy_two_bowls(shop)
    return shop


def test_a_partial_refund_restocks_and_is_published(bought, bus):
    consume(bought, refund_requested())

    assert bought.charged() == (2598, 1299)
    assert bought.payment()["status"] == "SUCCEEDED"
    (called,) = bought.lambda_fakes.called(RETURN)
    assert (called["orderId"], called["refundId"], called["items"]) == (
        ORDER,
        "REFUND#1",
        [{"productId": BOWL, "qty": 1}],
    )
    (event,) = bus.events("PaymentRefunded")
    assert (event["detail"]["refundId"], event["detail"]["amount"]) == ("REFUND#1", 12.99)


def test_the_customer_is_notified_of_each_refund_once(bought):
    consume(
        bought,
        refund_requested("REFUND#1"),
        refund_requested("REFUND#2"),
        refund_requested("REFUND#1"),
    )

    assert bought.consume("notification-queue", "on-notification") == 0
    messages = [row["message"] for row in bought.notifications()]
    assert sorted(messages) == [
        f"12.99 USD of your order #{ORDER[6:]} are on their way back to you (refund {number})."
        for number in ("1", "2")
    ]


def test_a_refund_without_restocking_is_made(bought):
    consume(bought, refund_requested(restock=False))

    assert bought.charged() == (2598, 1299)
    assert bought.lambda_fakes.called(RETURN) == []


def test_a_payment_with_nothing_left_is_refunded(bought):
    consume(bought, refund_requested("REFUND#1"), refund_requested("REFUND#2"))

    assert bought.charged() == (2598, 2598)
    assert bought.payment()["status"] == "REFUNDED"


def test_a_repeated_refund_is_one_refund_and_one_event_id(bought, bus):
    consume(bought, refund_requested(), refund_requested())
    bought.expire_idempotency_keys()
    consume(bought, refund_requested())

    assert bought.charged() == (2598, 1299)
    assert len({event["detail"]["eventId"] for event in bus.events("PaymentRefunded")}) == 1


def test_refunds_never_add_up_to_more_than_was_paid(bought):
    consume(bought, refund_requested("REFUND#1", "20.00"))

    with pytest.raises(queues.BatchPartlyFailed):
        consume(bought, refund_requested("REFUND#2", "6.00"))

    assert bought.charged() == (2598, 2000)
    # The gateway would reject it, too. Reserving it would block every later refund.
    assert int(bought.payment()["refundedMinor"]) == 2000
    assert [refund["refundId"] for refund in bought.payment()["refunds"]] == ["REFUND#1"]


def test_refunds_that_race_never_add_up_to_more_than_was_paid(bought):
    def race(number):
        try:
            consume(bought, refund_requested(f"REFUND#{number}"))
        except queues.BatchPartlyFailed:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(race, range(4)))

    assert won.count(True) == 2
    assert bought.charged() == (2598, 2598)


@pytest.mark.parametrize("after", [False, True])
def test_a_refund_whose_response_is_lost_is_made_once(bought, after):
    bought.stripe.switches.set(**({"lose_answers": 1} if after else {"errors": 1}))
    with pytest.raises(queues.BatchPartlyFailed):
        consume(bought, refund_requested())
    bought.expire_idempotency_keys()

    consume(bought, refund_requested())

    assert bought.charged() == (2598, 1299)


def test_a_crash_before_the_row_is_stored_refunds_once(bought, interceptor):
    interceptor.fail_nth_call(
        "PutItem", at=2
    )  # the first write reserves the amount, the second stores the refund
    with pytest.raises(queues.BatchPartlyFailed):
        consume(bought, refund_requested())
    assert bought.charged() == (2598, 1299)
    bought.expire_idempotency_keys()

    consume(bought, refund_requested())

    assert bought.charged() == (2598, 1299)
    assert bought.payment()["refunds"][0]["status"] == "DONE"


def test_restocking_is_retried_without_another_refund(bought, bus):
    def fails(step):
        raise LambdaError("StockContended")

    bought.lambda_fakes.answers[RETURN] = fails
    with pytest.raises(queues.BatchPartlyFailed):
        consume(bought, refund_requested())
    assert bus.events("PaymentRefunded") == []
    bought.lambda_fakes.answers[RETURN] = lambda step: {"status": "COMMITTED"}

    consume(bought, refund_requested())

    assert bought.charged() == (2598, 1299)
    assert len(bus.events("PaymentRefunded")) == 1


@pytest.mark.parametrize("wrong", [{"currency": "EUR"}, {"amount": "25.99"}])
def test_an_impossible_refund_is_not_made(bought, wrong):
    with pytest.raises(queues.BatchPartlyFailed):
        consume(bought, refund_requested(**wrong))

    assert bought.charged() == (2598, 0)


def test_an_order_without_a_payment_is_not_refunded(shop):
    with pytest.raises(queues.BatchPartlyFailed):
        consume(shop, refund_requested())

    assert shop.charged() == (0, 0)


def test_a_refund_that_is_done_is_not_requested_again(bought):
    consume(bought, refund_requested())
    bought.stripe.switches.set(unreachable=True)

    consume(bought, refund_requested())

    assert bought.payment()["refunds"][0]["status"] == "DONE"


def test_a_refund_carries_an_idempotency_key_for_those_that_race(bought):
    consume(bought, refund_requested())

    assert bought.stripe.store.get("idempotency", f"{ORDER}:REFUND#1:1")
