"""What anybody is quoted before ordering."""

import pytest
from order_actors import error_of
from order_factories import BOWL, SHAKE
from price_factories import ADDRESS, BERLIN, CALIFORNIA, PARCEL_US, WELCOME

from testkit.resources import table

VAT = {"name": "MwSt", "country": "DE", "percent": 19, "included": True}
TO_GERMANY = {**PARCEL_US, "name": "DHL", "zones": [{"countries": ["DE"]}], "freeAbove": None}


@pytest.fixture
def quote(api, catalogue):
    """Ask for the price of these lines, without a token."""

    def send(*lines, **terms):
        items = [{"productId": product_id, "qty": qty} for product_id, qty in lines]
        return api.post("/order/quote", {"cartItems": items, **terms})

    return send


def test_goods_alone_are_quoted_at_list_prices(quote):
    answer = quote((BOWL, 2), (SHAKE, 3))

    assert answer.status_code == 200
    totals = {name: answer.json_body[name] for name in ("subtotal", "totalAmount", "taxTotal")}
    assert totals == {"subtotal": 36.48, "totalAmount": 36.48, "taxTotal": 0}
    assert answer.json_body["shippingMethods"] == []
    assert [line["name"] for line in answer.json_body["lines"]] == ["Protein Bowl", "Shake"]


def test_a_quote_has_discount_shipping_and_tax(quote, staff, catalogue):
    catalogue.put(BOWL, weightGrams=600)
    staff.create("/shipping-methods", PARCEL_US)
    staff.create("/tax-rates", CALIFORNIA)
    staff.create("/promotions", WELCOME)

    answer = quote((BOWL, 2), shippingAddress=ADDRESS, couponCodes=["Welcome-10"]).json_body

    assert (answer["subtotal"], answer["discountTotal"]) == (25.98, 2.6)
    assert answer["shippingTotal"] == 9.99  # 1,200 g
    assert answer["taxTotal"] == round(1.70 + 0.72, 2)  # of 23.38 and of 9.99
    assert answer["totalAmount"] == 25.98 - 2.6 + 9.99 + 2.42
    assert (answer["taxIncluded"], answer["currency"]) == (False, "USD")
    assert [one["code"] for one in answer["promotions"]] == ["WELCOME-10"]
    (method,) = answer["shippingMethods"]
    assert (method["price"], method["minDays"], method["maxDays"]) == (9.99, 3, 5)
    assert answer["shippingMethodId"] == method["methodId"]


def test_tax_that_is_included_changes_no_total(quote, staff):
    staff.create("/shipping-methods", TO_GERMANY)
    staff.create("/tax-rates", VAT)

    answer = quote((BOWL, 1), shippingAddress=BERLIN).json_body

    assert (answer["totalAmount"], answer["taxIncluded"]) == (17.98, True)
    assert answer["taxTotal"] == 2.07 + 0.8


def test_the_rate_of_a_region_and_of_a_class_comes_first(quote, staff, catalogue):
    catalogue.put(SHAKE, price_minor=1000, taxClass="food")
    for rate in (
        {**CALIFORNIA, "region": None, "percent": 1},
        CALIFORNIA,
        {**CALIFORNIA, "taxClass": "food", "percent": 0, "zeroReason": "Groceries"},
    ):
        assert staff.create("/tax-rates", rate).status_code == 201

    lines = quote((BOWL, 1), (SHAKE, 1), shippingAddress=ADDRESS).json_body["lines"]

    assert [line["tax"] for line in lines] == [0.94, 0]
    assert lines[1]["taxZeroReason"] == "Groceries"


def test_a_method_serves_its_countries_regions_and_postal_codes(quote, staff):
    def zone(**place):
        return {**PARCEL_US, "zones": [{"countries": ["US"], **place}]}

    for name, body in {
        "US": zone(),
        "CA": zone(regions=["California"]),
        "94": zone(postalCodes=[{"from": "94", "to": "95"}]),
        "NY": zone(regions=["NY"]),
        "10": zone(postalCodes=[{"from": "100", "to": "104"}]),
        "DE": TO_GERMANY,
        "EUR": {**zone(), "currency": "EUR"},
        "no food": {**zone(), "excludedTaxClasses": ["standard"]},
        "light": {**zone(), "bandUnit": "SUBTOTAL", "bands": [{"upTo": 5, "price": 1}]},
    }.items():
        assert staff.create("/shipping-methods", {**body, "name": name}).status_code == 201

    methods = quote((BOWL, 1), shippingAddress=ADDRESS).json_body["shippingMethods"]

    assert sorted(method["name"] for method in methods) == ["94", "CA", "US"]


def test_shipping_is_free_above_an_amount_after_discounts(quote, staff):
    staff.create("/shipping-methods", {**PARCEL_US, "freeAbove": 25})
    staff.create("/promotions", WELCOME)

    full = quote((BOWL, 2), shippingAddress=ADDRESS)
    reduced = quote((BOWL, 2), shippingAddress=ADDRESS, couponCodes=["WELCOME-10"])

    assert [one.json_body["shippingTotal"] for one in (full, reduced)] == [0, 4.99]


def test_a_promotion_without_a_code_is_everybodys(quote, staff):
    bundle = {"name": "3 for 2", "effect": "BUY_X_GET_Y", "buyQty": 2, "getQty": 1}
    staff.create("/promotions", {**bundle, "productIds": [BOWL]})
    staff.create("/promotions", {"name": "Later", "effect": "PERCENT", "percent": 50,
                                 "startsAt": "2999-01-01T00:00:00Z"})  # fmt: skip

    assert quote((BOWL, 3)).json_body["totalAmount"] == 25.98
    assert quote((SHAKE, 3)).json_body["totalAmount"] == 10.5


@pytest.mark.parametrize(
    ("coupon", "error"),
    [
        ({"endsAt": "2020-01-01T00:00:00Z"}, (409, "CouponOver")),
        ({"startsAt": "2999-01-01T00:00:00Z"}, (409, "CouponOver")),
        ({"minSubtotal": 100}, (409, "CouponNotApplicable")),
        ({"currency": "EUR"}, (409, "CouponNotApplicable")),
        ({"categories": ["gifts"]}, (409, "CouponNotApplicable")),
        ({"productIds": ["PROD#other"]}, (409, "CouponNotApplicable")),
    ],
)
def test_a_coupon_that_does_not_fit_is_named(quote, staff, coupon, error):
    assert staff.create("/promotions", {**WELCOME, **coupon}).status_code == 201

    answer = quote((BOWL, 1), couponCodes=["welcome-10"])

    assert error_of(answer) == error
    assert "WELCOME-10" in answer.json_body["Message"]


@pytest.mark.parametrize(
    ("terms", "error", "named"),
    [
        ({"couponCodes": ["NOPE"]}, (404, "CouponNotFound"), "NOPE"),
        ({"couponCodes": ["?"]}, (400, "InvalidBody"), "couponCodes"),
        ({"couponCodes": [f"CODE-{n}" for n in range(6)]}, (400, "InvalidBody"), "couponCodes"),
        ({"shippingAddress": {**ADDRESS, "country": "XX"}}, (400, "InvalidBody"), "country"),
        ({"shippingAddress": {**ADDRESS, "postalCode": "1"}}, (400, "InvalidBody"), "postalCode"),
        ({"shippingAddress": {**ADDRESS, "region": "Bavaria"}}, (400, "InvalidBody"), "region"),
        ({"shippingMethodId": "METHOD#1"}, (400, "InvalidBody"), "shippingMethodId"),
        (
            {"shippingAddress": BERLIN, "shippingMethodId": "METHOD#1"},
            (409, "ShippingMethodNotAvailable"),
            "METHOD#1",
        ),
        (
            {"shippingAddress": BERLIN, "shippingMethodId": "a b"},
            (400, "InvalidId"),
            "METHOD#",
        ),
    ],
)
def test_a_wrong_term_is_one_clear_error(quote, terms, error, named):
    answer = quote((BOWL, 1), **terms)

    assert error_of(answer) == error
    assert named in answer.json_body["Message"]


def test_a_quote_stores_nothing(quote, staff):
    staff.create("/promotions", {**WELCOME, "usageLimit": 1})

    assert {quote((BOWL, 1), couponCodes=["WELCOME-10"]).status_code for _ in range(3)} == {200}

    assert table("CouponUses").scan()["Count"] == table("Orders").scan()["Count"] == 0
