"""One request tries a card once, whatever its webhook does."""

import pytest
from tests.checkout_shop import ORDER

from chalicelib.payments.gateways.registry import get_gateway


@pytest.mark.parametrize("declined", ["pm_card_chargeDeclined", "pm_card_visa_chargeDeclined"])
def test_a_declined_card_is_tried_once_though_its_webhook_is_faster(shop, jimmy, declined):
    shop.add_order()
    shop.charge(payment_method="pm_card_threeDSecure2Required")
    shop.deliver_webhooks()
    gateway = get_gateway("stripe")

    def confirm_and_deliver(*args, **kwargs):
        intent = type(gateway).confirm_intent(gateway, *args, **kwargs)
        shop.deliver_webhooks("payment_intent.payment_failed")
        return intent

    gateway.confirm_intent = confirm_and_deliver
    try:
        body = {"orderId": ORDER, "paymentMethod": declined}
        refused = shop.api.post("/checkout", body, token=jimmy)
    finally:
        del gateway.confirm_intent

    assert (refused.status_code, refused.json_body["Code"]) == (402, "PaymentDeclined")
    failed = [
        event
        for event in shop.stripe.store.list_all("event")
        if event["type"] == "payment_intent.payment_failed"
    ]
    assert len(failed) == 1
    assert len(shop.payment()["attempts"]) == 2
