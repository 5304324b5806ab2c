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


def test_a_part_is_given_back_its_goods_go_to_the_shelf_and_the_shop_is_told(bought, bus):
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


def test_the_customer_is_told_of_each_refund_once(bought):
    consume(
        bought,
        refund_requested("REFUND#1"),
        refund_requested("REFUND#2"),
        refund_requested("REFUND#1"),
    )

    assert bought.consume("notification-queue", "on-notification") == 0
    told = [row["message"] for row in bought.notifications()]
    assert sorted(told) == [
        f"12.99 USD of your order #{ORDER[6:]} are on their way back to you (refund {number})."
        for number in ("1", "2")
    ]


def test_goods_that_do_not_come_back_are_paid_back_all_the_same(bought):
    consume(bought, refund_requested(restock=False))

    assert bought.charged() == (2598, 1299)
    assert bought.lambda_fakes.called(RETURN) == []


def test_a_payment_of_which_nothing_is_left_is_refunded(bought):
    consume(bought, refund_requested("REFUND#1"), refund_requested("REFUND#2"))

    assert bought.charged() == (2598, 2598)
    assert bought.payment()["status"] == "REFUNDED"


def test_the_same_refund_asked_for_again_gives_nothing_more_and_tells_the_same_event(bought, bus):
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
    # The gateway would refuse it as well; the row must not even set it aside, or nothing could be given back any more.
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
def test_a_refund_whose_answer_got_lost_is_made_once(bought, after):
    bought.stripe.switches.set(**({"lose_answers": 1} if after else {"errors": 1}))
    with pytest.raises(queues.BatchPartlyFailed):
        consume(bought, refund_requested())
    bought.expire_idempotency_keys()

    consume(bought, refund_requested())

    assert bought.charged() == (2598, 1299)


def test_a_crash_between_the_gateway_and_the_row_gives_nothing_twice(bought, interceptor):
    interceptor.fail_nth_call(
        "PutItem", at=2
    )  # the first sets the amount aside, the second notes that it was given back
    with pytest.raises(queues.BatchPartlyFailed):
        consume(bought, refund_requested())
    assert bought.charged() == (2598, 1299)
    bought.expire_idempotency_keys()

    consume(bought, refund_requested())

    assert bought.charged() == (2598, 1299)
    assert bought.payment()["refunds"][0]["status"] == "DONE"


def test_goods_that_cannot_be_returned_now_are_tried_again_without_more_money(bought, bus):
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
def test_what_was_not_paid_is_not_given_back(bought, wrong):
    with pytest.raises(queues.BatchPartlyFailed):
        consume(bought, refund_requested(**wrong))

    assert bought.charged() == (2598, 0)


def test_an_order_that_was_never_paid_gives_nothing_back(shop):
    with pytest.raises(queues.BatchPartlyFailed):
        consume(shop, refund_requested())

    assert shop.charged() == (0, 0)


def test_a_refund_that_is_done_is_not_asked_for_again(bought):
    consume(bought, refund_requested())
    bought.stripe.switches.set(unreachable=True)

    consume(bought, refund_requested())

    assert bought.payment()["refunds"][0]["status"] == "DONE"


def test_a_refund_carries_an_idempotency_key_for_those_that_race(bought):
    consume(bought, refund_requested())

    assert bought.stripe.store.get("idempotency", f"{ORDER}:REFUND#1:1")
