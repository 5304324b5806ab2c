"""Quotes and orders to an address of the customer's address book."""

import pytest
from order_actors import error_of
from order_factories import BOWL, row, store_address
from price_factories import ADDRESS, CALIFORNIA, PARCEL_US

from common import aws
from common.step_input import StepInputInvalid
from testkit.forgeries import forged
from testkit.resources import table
from testkit.tokens import AMY, JIMMY

HOME = "ADDR#01JA2M9Q6T0000000000000000"
STORED = {**ADDRESS, "region": "CA", "country": "US"}


@pytest.fixture(autouse=True)
def home(jimmy, staff):
    """Jimmy's home in his address book, in a shop that ships there."""
    staff.create("/shipping-methods", PARCEL_US)
    staff.create("/tax-rates", CALIFORNIA)
    store_address(HOME, **STORED)


@pytest.fixture
def quote(api):
    """Ask for the price of two bowls."""

    def send(token=None, headers=None, **terms):
        body = {"cartItems": [{"productId": BOWL, "qty": 2}], **terms}
        return api.post("/order/quote", body, token, headers)

    return send


def test_an_order_keeps_a_copy_of_the_address_in_the_book(jimmy):
    placed = jimmy.order((BOWL, 2), addressId="01ja2m9q6t0000000000000000")
    store_address(HOME, **{**STORED, "line1": "2 Market Street"})

    assert placed.status_code == 201
    shown = jimmy.get(placed.json_body["orderId"]).json_body
    assert shown["shippingAddress"] == STORED
    assert (shown["shippingTotal"], shown["taxTotal"]) == (4.99, 2.24)


def test_an_address_of_the_book_costs_what_it_costs_written_out(jimmy, quote):
    written = quote(shippingAddress=ADDRESS).json_body

    assert quote(jimmy.token, addressId=HOME).json_body == written
    placed = jimmy.order((BOWL, 2), addressId=HOME, expectedTotal=written["totalAmount"])
    assert placed.status_code == 201


@pytest.mark.parametrize("address_id", ["ADDR#01AMYS", "ADDR#01GONE"])
def test_only_the_customers_own_addresses_are_used(jimmy, quote, address_id):
    store_address("ADDR#01AMYS", AMY, **STORED)

    ordered = jimmy.order((BOWL, 2), addressId=address_id)

    assert error_of(ordered) == (404, "AddressNotFound")
    assert error_of(quote(jimmy.token, addressId=address_id)) == (404, "AddressNotFound")
    assert table("Orders").scan()["Count"] == 0
    assert table("CustomerOrders").scan()["Count"] == 0


def test_staff_order_to_an_address_of_the_customer(jimmy, admin):
    placed = admin.order((BOWL, 2), userId=JIMMY, addressId=HOME)

    assert row(placed.json_body["orderId"])["shippingAddress"] == STORED


def test_a_repeat_gets_the_order_after_the_address_was_deleted(jimmy):
    first = jimmy.order((BOWL, 2), key="once", addressId=HOME)
    table("Addresses").delete_item(Key={"userId": JIMMY, "addressId": HOME})

    assert jimmy.order((BOWL, 2), key="once", addressId=HOME).json_body == first.json_body


def test_two_addresses_at_once_are_refused(jimmy, quote):
    both = {"addressId": HOME, "shippingAddress": ADDRESS}

    for answer in (jimmy.order((BOWL, 2), **both), quote(jimmy.token, **both)):
        assert error_of(answer) == (400, "InvalidBody")
        assert "addressId" in answer.json_body["Message"]
        assert "shippingAddress" in answer.json_body["Message"]


def test_an_address_that_its_country_no_longer_has_is_refused(jimmy):
    store_address(HOME, **{**STORED, "postalCode": "1"})

    refused = jimmy.order((BOWL, 2), addressId=HOME)

    assert error_of(refused) == (400, "InvalidBody")
    assert refused.json_body["Message"].startswith("addressId: postalCode")


def test_a_quote_to_the_address_book_needs_a_valid_token(quote, tokens):
    assert error_of(quote(addressId=HOME)) == (401, "InvalidToken")
    for name, headers in forged(tokens, JIMMY):
        assert error_of(quote(headers=headers, addressId=HOME)) == (401, "InvalidToken"), name


def test_an_address_of_the_book_costs_no_further_request(jimmy, quote):
    def requests_of(act):
        made = []
        events = aws.client("dynamodb").meta.events
        events.register("before-call.dynamodb", count := lambda model, **_: made.append(model.name))
        try:
            assert act().status_code in (200, 201)
        finally:
            events.unregister("before-call.dynamodb", count)
        return made

    written = requests_of(lambda: jimmy.order((BOWL, 2), shippingAddress=ADDRESS))
    assert requests_of(lambda: jimmy.order((BOWL, 2), addressId=HOME)) == written
    written = requests_of(lambda: quote(shippingAddress=ADDRESS))
    assert requests_of(lambda: quote(jimmy.token, addressId=HOME)) == written


def test_a_checkout_sends_the_address_itself(api):
    step = {"orderId": "ORDER#1", "userId": JIMMY, "addressId": HOME}

    with pytest.raises(StepInputInvalid, match="addressId"):
        api.invoke("validate-order", step)
