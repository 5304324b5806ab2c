from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.checkout_shop import BOWL, ORDER
from tests.lambda_fakes import LambdaError
from tests.refund_requests import RETURN, buy_two_bowls, consume, refund_requested

from chalicelib.payments import refunds
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


def test_refunds_never_add_up_to_more_than_was_paid(bought, bus):
    consume(bought, refund_requested("REFUND#1", "20.00"), refund_requested("REFUND#2", "6.00"))

    assert bought.charged() == (2598, 2598)
    assert [int(refund["amountMinor"]) for refund in bought.payment()["refunds"]] == [2000, 598]
    assert [event["detail"]["amount"] for event in bus.events("PaymentRefunded")] == [20, 5.98]


def test_refunds_that_race_never_add_up_to_more_than_was_paid(bought):
    def race(number):
        try:
            consume(bought, refund_requested(f"REFUND#{number}"))
        except queues.BatchPartlyFailed:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert any(pool.map(race, range(4)))
    for number in range(4):
        race(number)

    assert bought.charged() == (2598, 2598)
    assert int(bought.payment()["refundedMinor"]) == 2598


@pytest.mark.parametrize("after", [False, True])
def test_a_refund_whose_response_is_lost_is_made_once(bought, after):
    bought.stripe.faults.set(**({"lose_answers": 1} if after else {"errors": 1}))
    consume(bought, refund_requested())  # it is queued again
    assert bought.payment()["refunds"][0]["status"] == "STARTED"
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


def test_a_refund_in_another_currency_is_not_made(bought):
    with pytest.raises(queues.BatchPartlyFailed):
        consume(bought, refund_requested(currency="EUR"))

    assert bought.charged() == (2598, 0)


def test_an_order_without_a_payment_is_not_refunded(shop):
    with pytest.raises(queues.BatchPartlyFailed):
        consume(shop, refund_requested())

    assert shop.charged() == (0, 0)


def test_a_refund_that_is_done_is_not_requested_again(bought):
    consume(bought, refund_requested())
    bought.stripe.faults.set(unreachable=True)

    consume(bought, refund_requested())

    assert bought.payment()["refunds"][0]["status"] == "DONE"


def test_a_refund_carries_an_idempotency_key_for_those_that_race(bought):
    consume(bought, refund_requested())

    assert bought.stripe.store.get("idempotency", f"{ORDER}:REFUND#1:1")


# the gateway is down for long, or fails the refund


def test_a_refund_waits_out_an_outage_of_hours_with_growing_pauses(bought, monkeypatch):
    messages, pauses = [refund_requested()], []

    def send(name, message, delay=0):
        messages.append(message)
        pauses.append(delay)

    monkeypatch.setattr(queues, "send", send)
    bought.stripe.faults.set(down=True)
    for _ in range(refunds.MAX_TRIES - 1):
        consume(bought, messages[-1])

    assert sum(pauses) > 6 * 3600
    assert (pauses == sorted(pauses), max(pauses)) == (True, 900)
    with pytest.raises(queues.BatchPartlyFailed):
        consume(bought, messages[-1])  # for the dead-letter queue and its alarm
    bought.stripe.faults.set(down=False)
    consume(bought, messages[-1])
    assert bought.charged() == (2598, 1299)


def fail_at_bank(shop):
    shop.stripe.fail_refund(shop.stripe.store.list_all("refund")[0]["id"])
    shop.deliver_webhooks("refund.failed")


def test_a_refund_that_fails_at_the_bank_is_published_and_alarms(bought, bus, queue):
    consume(bought, refund_requested())
    fail_at_bank(bought)
    bought.deliver_webhooks()

    (refund,) = bought.payment()["refunds"]
    assert (refund["status"], int(bought.payment()["refundedMinor"])) == ("FAILED", 0)
    (event,) = {each["detail"]["eventId"]: each for each in bus.events("RefundFailed")}.values()
    assert (event["detail"]["refundId"], event["detail"]["amount"]) == ("REFUND#1", 12.99)
    (ticket,) = queue("discrepancy-queue")
    assert (ticket["kind"], ticket["orderId"]) == ("RefundMissing", ORDER)


def test_a_failed_refund_is_made_by_another_attempt_and_restocked_once(bought, bus):
    consume(bought, refund_requested())
    fail_at_bank(bought)

    consume(bought, refund_requested(attempt=2), refund_requested(attempt=2))

    assert bought.charged() == (2598, 1299)
    assert bought.payment()["refunds"][0]["status"] == "DONE"
    assert {call["refundId"] for call in bought.lambda_fakes.called(RETURN)} == {"REFUND#1"}
    attempts = [event["detail"]["attempt"] for event in bus.events("PaymentRefunded")]
    assert (attempts[0], attempts[-1]) == (1, 2)


def test_a_repeated_request_of_a_failed_attempt_makes_no_refund(bought):
    consume(bought, refund_requested())
    fail_at_bank(bought)

    consume(bought, refund_requested())

    assert bought.charged() == (2598, 0)


def test_a_fully_refunded_payment_whose_refund_failed_is_captured_again(bought):
    consume(bought, refund_requested(amount="25.98"))
    assert bought.payment()["status"] == "REFUNDED"

    fail_at_bank(bought)

    assert bought.payment()["status"] == "SUCCEEDED"
