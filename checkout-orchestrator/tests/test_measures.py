"""What is counted of payments and of the books: each thing that happened once, however often it was asked for or told."""

import pytest
from tests.shop import ORDER
from tests.test_refunds import RETURN, asked, refund

from chalicelib.payments import measures
from chalicelib.payments.errors import PaymentDeclined, PaymentPostponed
from common import metrics

SOFT = "pm_card_chargeDeclinedProcessingError"
INSUFFICIENT = "pm_card_visa_chargeDeclinedInsufficientFunds"
LOST = "pm_card_visa_chargeDeclinedLostCard"


def test_a_charge_is_counted_once_whoever_tells_of_it_again(measured, shop):
    shop.charge()
    shop.charge()
    shop.hear()

    assert measured("PaymentsCaptured") == [(1, "checkout-orchestrator")]
    assert measured("PaymentsDeclined") == []


@pytest.mark.parametrize(("card", "reason"), [(INSUFFICIENT, "NO_MONEY"), (LOST, "FRAUD")])
def test_a_decline_is_counted_once_by_its_reason(measured, shop, card, reason):
    for _ in range(2):
        with pytest.raises(PaymentDeclined):
            shop.charge(payment_method=card)
    shop.hear()

    assert measured("PaymentsDeclined") == [(1, reason)]


def test_each_attempt_that_a_bank_puts_off_is_a_decline_and_the_last_one_too(measured, shop):
    for _ in range(4):
        with pytest.raises(PaymentPostponed):
            shop.charge(payment_method=SOFT)
    with pytest.raises(PaymentDeclined):
        shop.charge(payment_method=SOFT)

    assert measured("PaymentsDeclined") == [(1, "TRY_AGAIN")] * 5


def test_two_cards_declined_for_the_same_reason_are_two_declines(measured, shop, jimmy):
    shop.has_order()
    shop.charge(payment_method=None)
    for card in (INSUFFICIENT, "pm_card_chargeDeclinedInsufficientFunds"):
        body = {"orderId": ORDER, "paymentMethod": card, "method": "CARD"}
        assert shop.api.post("/checkout", body, token=jimmy).status_code == 402
        shop.hear()

    assert measured("PaymentsDeclined") == [(1, "NO_MONEY")] * 2


def test_a_customer_who_fails_at_the_banks_page_is_a_decline(measured, shop):
    shop.charge(payment_method="pm_card_threeDSecure2Required")
    shop.customer_does("refuse")
    shop.hear()
    shop.hear()

    assert measured("PaymentsDeclined") == [(1, "NOT_PROVED")]


def test_a_code_that_nobody_knows_is_no_metric_of_its_own():
    assert measures.reason("invented_yesterday") == "OTHER"
    assert measures.reason(None) == "OTHER"


def test_a_part_that_is_given_back_is_counted_once(measured, shop):
    shop.has_order(status="CONFIRMED")
    shop.charge()
    shop.neighbours.answers[RETURN] = lambda step: {
        "orderId": step["orderId"],
        "status": "COMMITTED",
    }
    refund(shop, asked())
    refund(shop, asked())

    assert measured("Refunds") == [(1, "RETURNED")]
    assert measured("Refunded") == [(1299, "USD")]


def test_money_that_goes_back_with_a_checkout_that_failed_is_counted_once(measured, shop):
    shop.charge()
    shop.refund()
    shop.refund()

    assert measured("Refunds") == [(1, "UNDONE")]
    assert measured("Refunded") == [(2598, "USD")]


def test_what_was_never_charged_is_not_given_back(measured, shop):
    shop.refund()

    assert measured("Refunds") == []


def test_a_discrepancy_is_counted_by_its_kind_and_as_a_whole(measured, books):
    books.ordered()
    books.shop.charge()
    books.becomes("FAILED")

    kinds = books.kinds()

    told = measured("Discrepancies")
    assert sorted(kind for _, kind in told if kind != "checkout-orchestrator") == sorted(kinds)
    assert (1, "checkout-orchestrator") in told
    assert metrics.DISCREPANCIES.also_whole
