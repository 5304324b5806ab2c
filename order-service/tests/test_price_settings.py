"""What staff set up for quotes: shipping methods, tax rates and promotions."""

import pytest
from order_actors import error_of, run_concurrently
from price_factories import BODIES, CALIFORNIA, IDS, PARCEL_US, WELCOME
from staff_actors import Staff

from testkit.resources import table

PATHS = list(BODIES)
ANOTHER = {
    "/shipping-methods": {**PARCEL_US, "name": "Courier"},
    "/tax-rates": {**CALIFORNIA, "region": "NY"},
    "/promotions": {**WELCOME, "code": "HELLO"},
}


@pytest.fixture(params=PATHS)
def path(request):
    return request.param


def test_what_staff_create_is_listed_as_it_was_answered(staff, path):
    created = staff.create(path, BODIES[path])

    assert created.status_code == 201
    assert {"name": BODIES[path]["name"]}.items() <= created.json_body.items()
    assert staff.list(path).json_body == [created.json_body]


def test_a_repeated_key_creates_once(staff, path):
    answers = run_concurrently(*[lambda: staff.create(path, BODIES[path], "a-key")] * 4)

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1
    assert len(staff.list(path).json_body) == 1


def test_a_key_with_another_body_is_refused(staff, path):
    staff.create(path, BODIES[path], "a-key")

    assert error_of(staff.create(path, ANOTHER[path], "a-key")) == (422, "IdempotencyKeyReused")
    assert len(staff.list(path).json_body) == 1


def test_a_list_has_pages(staff, path):
    for key, body in (("1", BODIES[path]), ("2", ANOTHER[path])):
        staff.create(path, body, key)

    first = staff.list(path, "?limit=1")
    rest = staff.list(path, f"?limit=10&cursor={first.headers['X-Next-Cursor']}")

    names = [row[IDS[path]] for row in first.json_body + rest.json_body]
    assert len(set(names)) == len(names) == 2
    assert "X-Next-Cursor" not in rest.headers
    assert error_of(staff.list(path, "?cursor=forged")) == (400, "InvalidCursor")
    forged = "eyJvcmRlcklkIjogeyJTIjogIngifX0="  # {"orderId": {"S": "x"}}
    assert error_of(staff.list(path, f"?cursor={forged}")) == (400, "InvalidCursor")


def test_a_change_keeps_the_fields_that_it_leaves_out(staff, path):
    created = staff.create(path, BODIES[path]).json_body

    changed = staff.change(path, created[IDS[path]], {"name": "Renamed"})

    assert changed.status_code == 200
    assert changed.json_body == {**created, "name": "Renamed"}
    assert staff.list(path).json_body == [changed.json_body]


def test_concurrent_changes_of_different_fields_are_all_kept(staff):
    method_id = staff.create("/shipping-methods", PARCEL_US).json_body["methodId"]
    changes = [{"name": "Renamed"}, {"maxDays": 9}, {"freeAbove": None}]

    answers = run_concurrently(
        *(lambda body=body: staff.change("/shipping-methods", method_id, body) for body in changes)
    )

    assert {answer.status_code for answer in answers} == {200}
    (method,) = staff.list("/shipping-methods").json_body
    assert (method["name"], method["maxDays"], "freeAbove" in method) == ("Renamed", 9, False)


def test_what_is_deleted_is_gone_and_deleting_it_again_is_fine(staff, path):
    row_id = staff.create(path, BODIES[path], "a-key").json_body[IDS[path]]

    assert [staff.delete(path, row_id).status_code for _ in range(2)] == [204, 204]

    assert staff.list(path).json_body == []
    assert staff.change(path, row_id, {"name": "Renamed"}).status_code == 404
    assert staff.create(path, BODIES[path], "a-key").status_code == 404


def test_customers_set_up_nothing(api, tokens, path):
    customer = Staff(api, tokens.customer("USER#1"))

    for answer in (
        customer.list(path),
        customer.create(path, BODIES[path]),
        customer.change(path, "1", {"name": "Mine"}),
        customer.delete(path, "1"),
    ):
        assert error_of(answer) == (403, "InsufficientScope")


def test_there_is_one_rate_of_each_place_and_class(staff):
    staff.create("/tax-rates", CALIFORNIA)

    again = staff.create("/tax-rates", {**CALIFORNIA, "percent": 8})

    assert error_of(again) == (409, "TaxRateExists")
    assert [rate["percent"] for rate in staff.list("/tax-rates").json_body] == [7.25]


def test_a_code_is_of_one_coupon_even_of_a_deleted_one(staff):
    coupon = staff.create("/promotions", WELCOME).json_body
    staff.delete("/promotions", coupon["promotionId"])

    again = staff.create("/promotions", {**WELCOME, "code": "Welcome-10"})

    assert error_of(again) == (409, "CouponCodeTaken")


def test_a_change_that_began_before_a_deletion_is_not_written(staff):
    """It has read the version before, and the deletion counts as a change."""
    coupon = staff.create("/promotions", WELCOME).json_body["promotionId"]
    stored = {"promotionId": coupon}
    before = table("Promotions").get_item(Key=stored)["Item"]["version"]

    staff.delete("/promotions", coupon)

    assert table("Promotions").get_item(Key=stored)["Item"]["version"] == before + 1


def test_the_shop_has_a_bounded_number_of_methods_and_promotions(staff):
    sale = {"name": "Sale", "effect": "PERCENT", "percent": 5}

    methods = [staff.create("/shipping-methods", PARCEL_US) for _ in range(51)]
    promotions = [staff.create("/promotions", sale) for _ in range(21)]

    assert error_of(methods[-1]) == (409, "TooManyShippingMethods")
    assert error_of(promotions[-1]) == (409, "TooManyPromotions")
    assert {one.status_code for one in methods[:-1] + promotions[:-1]} == {201}


BUNDLE = {"name": "3 for 2", "effect": "BUY_X_GET_Y", "buyQty": 2, "getQty": 1}
MALFORMED = [
    ("/shipping-methods", {**PARCEL_US, "zones": []}, "zones"),
    ("/shipping-methods", {**PARCEL_US, "zones": [{"countries": ["USA"]}]}, "country"),
    (
        "/shipping-methods",
        {**PARCEL_US, "zones": [{"countries": ["US", "CA"], "regions": ["NY"]}]},
        "countries",
    ),
    (
        "/shipping-methods",
        {**PARCEL_US, "zones": [{"countries": ["US"], "postalCodes": [{"from": "9", "to": "10"}]}]},
        "postalCodes",
    ),
    ("/shipping-methods", {**PARCEL_US, "bands": [{"price": 4.999}]}, "bands.price"),
    ("/shipping-methods", {**PARCEL_US, "bands": [{"price": 1}, {"price": 2}]}, "bands"),
    ("/shipping-methods", {**PARCEL_US, "bands": [{"price": 1, "upTo": 0.5}]}, "bands.upTo"),
    (
        "/shipping-methods",
        {**PARCEL_US, "bands": [{"price": 1, "upTo": 5}, {"price": 2, "upTo": 5}]},
        "bands",
    ),
    ("/shipping-methods", {**PARCEL_US, "minDays": 9, "maxDays": 2}, "maxDays"),
    ("/shipping-methods", {**PARCEL_US, "currency": "ZZZ"}, "currency"),
    ("/shipping-methods", {**PARCEL_US, "taxClass": "A B"}, "taxClass"),
    ("/tax-rates", {**CALIFORNIA, "percent": 101}, "percent"),
    ("/tax-rates", {**CALIFORNIA, "percent": 7.12345}, "percent"),
    ("/tax-rates", {**CALIFORNIA, "percent": "7"}, "percent"),
    ("/tax-rates", {**CALIFORNIA, "percent": 0}, "zeroReason"),
    ("/tax-rates", {**CALIFORNIA, "zeroReason": "exempt"}, "zeroReason"),
    ("/tax-rates", {**CALIFORNIA, "country": "U"}, "country"),
    ("/promotions", {**WELCOME, "percent": 0}, "percent"),
    ("/promotions", {**WELCOME, "amount": 5}, "amount"),
    ("/promotions", {**WELCOME, "code": "a b"}, "code"),
    ("/promotions", {**WELCOME, "effect": "GIFT"}, "effect"),
    ("/promotions", {**WELCOME, "usageLimit": 0}, "usageLimit"),
    ("/promotions", {**BUNDLE, "usageLimit": 5}, "usageLimit"),
    ("/promotions", {**BUNDLE, "firstOrderOnly": True}, "firstOrderOnly"),
    ("/promotions", {**BUNDLE, "buyQty": None}, "buyQty"),
    ("/promotions", {**BUNDLE, "productIds": ["?"]}, "productIds"),
    ("/promotions", {**WELCOME, "startsAt": "tomorrow"}, "startsAt"),
    (
        "/promotions",
        {**WELCOME, "startsAt": "2026-02-01T00:00:00Z", "endsAt": "2026-01-01T00:00:00Z"},
        "endsAt",
    ),
]


@pytest.mark.parametrize(("path", "body", "field"), MALFORMED)
def test_a_wrong_value_is_named_and_nothing_is_created(staff, path, body, field):
    answer = staff.create(path, body)

    assert error_of(answer) == (400, "InvalidBody")
    assert field in answer.json_body["Message"]
    assert staff.list(path).json_body == []


@pytest.mark.parametrize(
    ("path", "patch", "field"),
    [
        ("/shipping-methods", {"maxDays": 1}, "maxDays"),
        ("/shipping-methods", {"bands": []}, "bands"),
        ("/tax-rates", {"percent": 0}, "zeroReason"),
        ("/promotions", {"amount": 5}, "amount"),
        ("/promotions", {"usageLimit": -1}, "usageLimit"),
    ],
)
def test_a_change_to_a_wrong_value_changes_nothing(staff, path, patch, field):
    created = staff.create(path, BODIES[path]).json_body

    answer = staff.change(path, created[IDS[path]], patch)

    assert error_of(answer) == (400, "InvalidBody")
    assert field in answer.json_body["Message"]
    assert staff.list(path).json_body == [created]


def test_amounts_are_stored_as_whole_minor_units(staff):
    staff.create("/shipping-methods", PARCEL_US)
    staff.create("/tax-rates", {**CALIFORNIA, "percent": 8.875})

    (method,) = table("ShippingMethods").scan()["Items"]
    (rate,) = table("TaxRates").scan()["Items"]
    assert [band["priceMinor"] for band in method["bands"]] == [499, 999]
    assert (method["freeAboveMinor"], rate["millionths"]) == (10000, 88750)


@pytest.mark.parametrize("act", ["change", "delete"])
def test_settings_among_endless_conflicts_are_refused_as_retryable(
    staff, path, endless_conflicts, act
):
    row_id = staff.create(path, BODIES[path]).json_body[IDS[path]]
    endless_conflicts()

    more = [{"name": "Renamed"}] if act == "change" else []
    answer = getattr(staff, act)(path, row_id, *more)

    assert error_of(answer) == (503, "ConfigurationContended")
    assert staff.list(path).json_body[0]["name"] == BODIES[path]["name"]
