"""What no gateway would charge is refused before anything starts."""

import pytest
from order_actors import error_of
from order_factories import BOWL, SHAKE

from chalicelib.orders.errors import CurrencyNotAccepted, TotalTooSmall
from chalicelib.orders.payment_limits import MIN_MINOR
from common import money
from testkit.resources import table
from testkit.tokens import JIMMY

CHECKOUT = {"orderId": "ORDER#1001", "userId": JIMMY, "items": [{"productId": BOWL, "qty": 1}]}


@pytest.mark.parametrize(
    ("price", "currency", "minimum"),
    [(49, "USD", "0.50 USD"), (29, "GBP", "0.30 GBP"), (49, "JPY", "50 JPY")],
)
def test_a_total_below_the_minimum_names_it(jimmy, catalogue, price, currency, minimum):
    catalogue.put(BOWL, price_minor=price, currency=currency)

    refused = jimmy.order((BOWL, 1))

    assert error_of(refused) == (400, "TotalTooSmall")
    assert f"is {minimum}" in refused.json_body["Message"]
    assert table("Orders").scan()["Count"] == 0


def test_the_minimum_itself_is_sold(jimmy, catalogue):
    catalogue.put(BOWL, price_minor=25)

    assert jimmy.order((BOWL, 2)).json_body["totalAmount"] == 0.5


def test_upi_takes_rupees_only(jimmy, catalogue):
    catalogue.put(SHAKE, price_minor=100, currency="INR")

    assert error_of(jimmy.order((BOWL, 2), method="UPI")) == (400, "CurrencyNotAccepted")
    assert jimmy.order((SHAKE, 1), method="UPI").status_code == 201


def test_less_than_a_rupee_is_paid_by_card(jimmy, catalogue):
    catalogue.put(SHAKE, price_minor=99, currency="INR")

    assert error_of(jimmy.order((SHAKE, 1), method="UPI")) == (400, "TotalTooSmall")
    assert jimmy.order((SHAKE, 1), method="CARD").status_code == 201


def test_a_checkout_is_refused_alike(api, catalogue):
    with pytest.raises(CurrencyNotAccepted):
        api.invoke("validate-order", {**CHECKOUT, "method": "UPI"})
    catalogue.put(BOWL, price_minor=49)
    with pytest.raises(TotalTooSmall):
        api.invoke("validate-order", CHECKOUT)


def test_cards_are_charged_in_every_currency_of_the_shop():
    assert MIN_MINOR["CARD"].keys() == money.CURRENCIES.keys()
