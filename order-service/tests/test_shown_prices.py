"""Nobody pays more than the cart last showed, unless the customer says so."""

import pytest
from order_actors import error_of
from order_factories import BOWL, SHAKE, row, show_in_cart

from chalicelib.orders.errors import PriceChanged
from testkit.resources import table
from testkit.tokens import AMY, JIMMY

CHECKOUT = {"orderId": "ORDER#1001", "userId": JIMMY, "items": [{"productId": BOWL, "qty": 2}]}


def test_a_price_that_rose_unseen_is_refused_with_the_new_total(jimmy, catalogue):
    show_in_cart(p001=1000)
    catalogue.put(BOWL, price_minor=99900)

    refused = jimmy.order((BOWL, 2))

    assert error_of(refused) == (409, "PriceChanged")
    assert "1998.00 USD" in refused.json_body["Message"]
    assert "20.00 USD" in refused.json_body["Message"]
    assert table("Orders").scan()["Count"] == 0


def test_a_checkout_of_the_cart_is_refused_alike(api, catalogue):
    show_in_cart(p001=1298)

    with pytest.raises(PriceChanged):
        api.invoke("validate-order", CHECKOUT)


def test_once_the_cart_showed_the_new_price_it_is_sold(api, catalogue):
    show_in_cart(p001=1298)
    with pytest.raises(PriceChanged):
        api.invoke("validate-order", CHECKOUT)

    show_in_cart(p001=1299)

    assert api.invoke("validate-order", CHECKOUT)["amount"] == 25.98


def test_who_names_the_new_total_has_seen_it(jimmy, catalogue):
    show_in_cart(p001=1000)

    assert jimmy.order((BOWL, 2), expectedTotal=25.98).status_code == 201


def test_a_price_that_fell_is_the_one_that_is_paid(jimmy, catalogue):
    show_in_cart(p001=99900)

    assert jimmy.order((BOWL, 2)).json_body["totalAmount"] == 25.98


def test_the_total_counts_not_each_price(jimmy, catalogue):
    show_in_cart(p001=1199, p002=550)

    assert jimmy.order((BOWL, 2), (SHAKE, 1)).status_code == 201


@pytest.mark.parametrize("cart", [{}, {"user_id": AMY, "p001": 1}])
def test_what_was_in_no_cart_of_the_customer_has_todays_price(jimmy, catalogue, cart):
    show_in_cart(**cart)

    assert jimmy.order((BOWL, 2)).json_body["totalAmount"] == 25.98


def test_a_repeat_gets_the_first_answer_at_any_price(jimmy, catalogue):
    show_in_cart(p001=1299)
    first = jimmy.order((BOWL, 2), key="key-1")
    catalogue.put(BOWL, price_minor=99900)

    assert jimmy.order((BOWL, 2), key="key-1").json_body == first.json_body
    assert row(first.json_body["orderId"])["totalMinor"] == 2598
