"""Orders with an address, a shipping method, coupons and tax."""

import pytest
from order_actors import error_of
from order_factories import BOWL, SHAKE, row
from price_factories import ADDRESS, BERLIN, CALIFORNIA, PARCEL_US, WELCOME

from testkit.resources import table

TERMS = {"shippingAddress": ADDRESS, "couponCodes": ["welcome-10"]}


@pytest.fixture
def priced(staff, catalogue):
    """A shop that ships to the US, collects California's tax and has a coupon."""
    staff.create("/shipping-methods", PARCEL_US)
    staff.create("/tax-rates", CALIFORNIA)
    staff.create("/promotions", WELCOME)


@pytest.fixture
def order(jimmy, priced):
    """Jimmy's order of two bowls and three shakes with a coupon, to California."""
    return jimmy.order((BOWL, 2), (SHAKE, 3), **TERMS, billingAddress=BERLIN).json_body


def test_an_order_costs_what_was_quoted(api, jimmy, priced):
    items = [{"productId": BOWL, "qty": 2}]
    quoted = api.post("/order/quote", {"cartItems": items, **TERMS}).json_body["totalAmount"]

    answer = jimmy.order((BOWL, 2), **TERMS, expectedTotal=quoted)

    assert (answer.status_code, answer.json_body["totalAmount"]) == (201, quoted)
    wrong = jimmy.order((BOWL, 2), **TERMS, expectedTotal=25.98)
    assert error_of(wrong) == (409, "PriceChanged")


def test_the_parts_of_an_order_sum_to_its_total(order):
    stored = row(order["orderId"])

    paid = [line["lineTotalMinor"] for line in stored["items"]] + [stored["shipping"]["totalMinor"]]
    assert sum(paid) == stored["totalMinor"]
    parts = stored["subtotalMinor"] - stored["discountMinor"] + stored["shipping"]["priceMinor"]
    assert parts + stored["taxMinor"] == stored["totalMinor"]


def test_an_order_keeps_copies_of_address_method_and_promotion(jimmy, staff, order):
    (method,) = staff.list("/shipping-methods").json_body
    staff.delete("/shipping-methods", method["methodId"])

    shown = jimmy.get(order["orderId"]).json_body

    assert shown["shippingAddress"] == {**ADDRESS, "region": "CA", "country": "US"}
    assert shown["billingAddress"] == BERLIN
    assert shown["shippingMethod"] == {
        "methodId": method["methodId"], "name": "Parcel", "minDays": 3, "maxDays": 5
    }  # fmt: skip
    assert [one["code"] for one in shown["promotions"]] == ["WELCOME-10"]
    assert shown["subtotal"] == 36.48
    total = shown["subtotal"] - shown["discountTotal"] + shown["shippingTotal"] + shown["taxTotal"]
    assert round(total, 2) == shown["totalAmount"] == order["totalAmount"]


def test_the_saga_charges_the_total(api, order):
    valid = api.invoke("validate-order", {"orderId": order["orderId"]})

    assert valid["amount"] == order["totalAmount"]


def test_a_checkout_places_an_order_on_its_terms(api, jimmy, priced):
    place = {"orderId": "ORDER#1", "userId": "USER#01JIMMY",
             "items": [{"productId": BOWL, "qty": 2}], **TERMS}  # fmt: skip

    valid = api.invoke("validate-order", place)

    assert valid["amount"] == jimmy.order((BOWL, 2), **TERMS).json_body["totalAmount"]
    assert row("ORDER#1")["shippingAddress"]["region"] == "CA"


@pytest.mark.parametrize(
    ("terms", "error"),
    [
        ({"shippingAddress": BERLIN}, (409, "ShippingMethodNotAvailable")),
        ({"couponCodes": ["NOPE"]}, (404, "CouponNotFound")),
        ({"shippingAddress": {**ADDRESS, "country": "XX"}}, (400, "InvalidBody")),
        ({"shippingAddress": {**ADDRESS, "postalCode": "12"}}, (400, "InvalidBody")),
        ({"billingAddress": {**ADDRESS, "line1": ""}}, (400, "InvalidBody")),
    ],
)
def test_wrong_terms_place_nothing(jimmy, priced, terms, error):
    assert error_of(jimmy.order((BOWL, 1), **terms)) == error
    assert table("Orders").scan()["Count"] == 0


def test_an_order_needs_an_address_where_the_stage_says_so(jimmy, priced, monkeypatch):
    monkeypatch.setenv("REQUIRE_SHIPPING_ADDRESS", "yes")

    assert error_of(jimmy.order((BOWL, 1))) == (400, "ShippingAddressRequired")
    assert jimmy.order((BOWL, 1), shippingAddress=ADDRESS).status_code == 201


def test_a_discount_below_the_gateways_minimum_is_refused(jimmy, staff):
    staff.create("/promotions", {**WELCOME, "effect": "AMOUNT", "percent": None, "amount": 12.60})

    answer = jimmy.order((BOWL, 1), couponCodes=["WELCOME-10"])

    assert error_of(answer) == (400, "TotalTooSmall")
    assert table("Orders").scan()["Count"] == 0


def test_a_discount_takes_a_total_to_zero_and_no_further(jimmy, staff):
    staff.create("/promotions", {**WELCOME, "effect": "AMOUNT", "percent": None, "amount": 500})

    assert jimmy.order((BOWL, 1), couponCodes=["WELCOME-10"]).json_body["totalAmount"] == 0
