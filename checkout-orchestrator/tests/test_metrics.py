"""Metrics of payments and discrepancies: each fact once, however often repeated."""

import pytest
from tests.checkout_shop import ORDER
from tests.refund_requests import buy_two_bowls, consume, refund_requested

from chalicelib.payments.errors import PaymentDeclined, SoftDecline
from chalicelib.payments.metrics import decline_reason
from common import metrics

SOFT = "pm_card_chargeDeclinedProcessingError"
INSUFFICIENT = "pm_card_visa_chargeDeclinedInsufficientFunds"
WHOLE = (1, "checkout-orchestrator")
LOST = "pm_card_visa_chargeDeclinedLostCard"


def declines(measured):
    """Declines by their reasons, each of which counts for the whole service, too."""
    counted = measured("PaymentsDeclined")
    by_reason = [one for one in counted if one != WHOLE]
    assert len(counted) == 2 * len(by_reason)
    return by_reason


def test_a_capture_is_counted_once(measured, shop):
    shop.charge()
    shop.charge()
    shop.deliver_webhooks()

    assert measured("PaymentsCaptured") == [(1, "checkout-orchestrator")]
    assert measured("PaymentsDeclined") == []


@pytest.mark.parametrize(("card", "reason"), [(INSUFFICIENT, "NO_MONEY"), (LOST, "FRAUD")])
def test_a_decline_is_counted_once_by_its_reason(measured, shop, card, reason):
    for _ in range(2):
        with pytest.raises(PaymentDeclined):
            shop.charge(payment_method=card)
    shop.deliver_webhooks()

    assert declines(measured) == [(1, reason)]


def test_each_soft_decline_is_counted(measured, shop):
    for _ in range(4):
        with pytest.raises(SoftDecline):
            shop.charge(payment_method=SOFT)
    with pytest.raises(PaymentDeclined):
        shop.charge(payment_method=SOFT)

    assert declines(measured) == [(1, "TRY_AGAIN")] * 5


def test_two_cards_declined_for_the_same_reason_are_two_declines(measured, shop, jimmy):
    shop.add_order()
    shop.charge(payment_method=None)
    for card in (INSUFFICIENT, "pm_card_chargeDeclinedInsufficientFunds"):
        body = {"orderId": ORDER, "paymentMethod": card, "method": "CARD"}
        assert shop.api.post("/checkout", body, token=jimmy).status_code == 402
        shop.deliver_webhooks()

    assert declines(measured) == [(1, "NO_MONEY")] * 2


def test_a_customer_who_fails_at_the_banks_page_is_a_decline(measured, shop):
    shop.charge(payment_method="pm_card_threeDSecure2Required")
    shop.complete_challenge("refuse")
    shop.deliver_webhooks()
    shop.deliver_webhooks()

    assert declines(measured) == [(1, "NOT_PROVED")]


def test_an_unknown_decline_code_is_no_metric_of_its_own():
    assert decline_reason("invented_yesterday") == "OTHER"
    assert decline_reason(None) == "OTHER"


def test_a_partial_refund_is_counted_once(measured, shop):
    buy_two_bowls(shop)
    consume(shop, refund_requested())
    consume(shop, refund_requested())

    assert measured("Refunds") == [(1, "RETURNED")]
    assert measured("Refunded") == [(1299, "USD")]


def test_the_refund_of_a_failed_checkout_is_counted_once(measured, shop):
    shop.charge()
    shop.refund()
    shop.refund()

    assert measured("Refunds") == [(1, "UNDONE")]
    assert measured("Refunded") == [(2598, "USD")]


def test_a_voided_payment_is_no_refund(measured, shop):
    shop.refund()

    assert measured("Refunds") == []


def test_a_discrepancy_is_counted_by_kind_and_in_total(measured, records):
    records.store_order()
    records.shop.charge()
    records.set_status("FAILED")

    kinds = records.kinds()

    discrepancies = measured("Discrepancies")
    assert sorted(kind for _, kind in discrepancies if kind != "checkout-orchestrator") == sorted(
        kinds
    )
    assert (1, "checkout-orchestrator") in discrepancies
    assert metrics.DISCREPANCIES.also_whole
