"""A charge that its gateway would refuse is not started."""

import pytest
from tests.checkout_shop import ORDER

from chalicelib.payments.errors import CurrencyNotAccepted, TotalTooSmall
from chalicelib.payments.gateways.limits import MIN_MINOR
from devcloud.stripe.intents import MIN_AMOUNTS


def pay(shop, token, **body):
    return shop.api.post("/checkout", {"orderId": ORDER, **body}, token=token)


def test_less_than_the_gateways_minimum_is_not_started(shop):
    with pytest.raises(TotalTooSmall, match=r"0\.50 USD"):
        shop.charge(amount=0.49)

    assert (shop.intents(), shop.payment()) == ([], {})


def test_the_minimum_itself_is_charged(shop):
    assert shop.charge(amount=0.5)["status"] == "SUCCESS"


def test_upi_outside_rupees_is_not_started(shop):
    with pytest.raises(CurrencyNotAccepted, match="INR"):
        shop.charge(method="UPI", payment_method="pm_upi")

    assert (shop.intents(), shop.payment()) == ([], {})


def test_upi_in_rupees_waits_for_the_customer(shop):
    paid = shop.charge(method="UPI", payment_method="pm_upi", currency="INR")

    assert paid["status"] == "REQUIRES_ACTION"


def test_without_a_currency_upi_means_rupees(shop):
    charge = {"orderId": ORDER, "amount": 25.98, "method": "UPI"}

    assert shop.api.invoke("process-payment", charge)["status"] == "REQUIRES_ACTION"
    assert shop.intents()[0]["currency"] == "inr"


def test_an_order_in_dollars_cannot_change_to_upi(shop, jimmy):
    shop.add_order()
    shop.charge(payment_method=None)

    refused = pay(shop, jimmy, method="UPI", paymentMethod="pm_upi")

    assert (refused.status_code, refused.json_body["Code"]) == (400, "CurrencyNotAccepted")
    assert len(shop.payment()["attempts"]) == 0


def test_razorpay_charges_a_rupee_at_least(shop, monkeypatch):
    monkeypatch.setenv("PAYMENT_GATEWAYS", "CARD=stripe UPI=razorpay")

    with pytest.raises(TotalTooSmall, match=r"1\.00 INR"):
        shop.charge(amount=0.99, currency="INR", method="UPI", payment_method=None)


def test_the_fake_refuses_what_the_table_says():
    assert {name.upper(): least for name, least in MIN_AMOUNTS.items()} == MIN_MINOR["stripe"]
