import pytest
from tests.checkout_shop import ORDER

from chalicelib.payments.errors import (
    AmountMismatch,
    PaymentDeclined,
    PaymentRejected,
    PaymentVoided,
    SoftDecline,
)
from devcloud.stripe import payment_methods
from devcloud.stripe.payment_methods import Bank

SOFT = "pm_card_chargeDeclinedProcessingError"
MESSAGE = {
    "action": "charge",
    "taskToken": "token-1",
    "orderId": ORDER,
    "amount": 25.98,
    "currency": "USD",
    "method": "CARD",
    "paymentMethod": SOFT,
}


def test_a_soft_decline_is_retried_and_does_not_fail_the_order(shop):
    with pytest.raises(SoftDecline):
        shop.charge(payment_method=SOFT)

    assert shop.payment()["status"] == "STARTED"
    assert shop.charged() == (0, 0)


def test_a_webhook_of_a_soft_decline_does_not_fail_the_order(shop):
    with pytest.raises(SoftDecline):
        shop.charge(payment_method=SOFT)

    shop.deliver_webhooks("payment_intent.payment_failed")

    assert shop.payment()["status"] == "STARTED"


def test_a_bank_that_approves_later_resumes_the_saga(shop, monkeypatch):
    with pytest.raises(SoftDecline):
        shop.charge(payment_method=SOFT)
    monkeypatch.setitem(payment_methods.METHODS, SOFT, Bank())

    shop.api.sqs("on-payment-retry", [MESSAGE])

    assert shop.task_tokens.results["token-1"]["status"] == "SUCCESS"
    assert shop.charged() == (2598, 0)
    assert [int(attempt["number"]) for attempt in shop.payment()["attempts"]] == [1, 2]


def test_after_four_retries_a_soft_decline_is_a_decline(shop, queue):
    with pytest.raises(SoftDecline):
        shop.charge(payment_method=SOFT)
    message = MESSAGE
    for tries in range(1, 5):
        assert shop.task_tokens.results == {}
        if tries < 4:
            shop.api.sqs("on-payment-retry", [message])
            message = {**MESSAGE, "tries": tries}
    assert shop.delayed("payment-retry-queue") == 3

    shop.api.sqs("on-payment-retry", [message])

    assert shop.task_tokens.results == {"token-1": "PaymentDeclined"}
    assert len(shop.payment()["attempts"]) == 5


def test_a_hard_decline_is_not_retried(shop):
    with pytest.raises(PaymentDeclined):
        shop.charge(payment_method="pm_card_chargeDeclinedInsufficientFunds")

    with pytest.raises(PaymentDeclined):
        shop.charge(payment_method="pm_card_chargeDeclinedInsufficientFunds")

    assert len(shop.payment()["attempts"]) == 1


def test_a_payment_voided_between_soft_declines_is_not_charged(shop, monkeypatch):
    with pytest.raises(SoftDecline):
        shop.charge(payment_method=SOFT)
    shop.refund()
    monkeypatch.setitem(payment_methods.METHODS, SOFT, Bank())

    with pytest.raises(PaymentVoided):
        shop.charge(payment_method=SOFT)

    assert shop.charged() == (0, 0)


def test_an_attempt_is_stored_before_the_gateway_is_called(shop, interceptor):
    shop.stripe.faults.set(lose_answers=1)
    with pytest.raises(Exception, match="does not answer"):
        shop.charge()

    (attempt,) = shop.payment()["attempts"]
    assert (int(attempt["number"]), attempt["paymentMethod"]) == (1, "pm_card_visa")
    assert shop.payment()["status"] == "STARTED"


def test_the_order_is_not_charged_anything_but_its_total(shop):
    shop.charge(payment_method="pm_card_threeDSecure2Required")

    with pytest.raises(AmountMismatch):
        shop.charge(amount=99.99)


def test_an_intent_of_another_amount_is_never_confirmed(shop, monkeypatch):
    create_intent = shop.stripe.create_intent

    def create_other_amount(params):
        return create_intent({**params, "amount": "100"})

    monkeypatch.setattr(shop.stripe, "create_intent", create_other_amount)

    with pytest.raises(PaymentRejected, match="made an intent of 100 USD"):
        shop.charge()

    assert shop.charged() == (0, 0)
