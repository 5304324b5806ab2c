"""Orders of guests: placed by POST /checkout/guest, through validate-order."""

import pytest
from order_actors import error_of
from order_factories import BOWL, row

from testkit.tokens import JIMMY

GUEST = f"GUEST#{'a' * 64}"
PLACED = {
    "orderId": "ORDER#1001",
    "userId": GUEST,
    "items": [{"productId": BOWL, "qty": 2}],
    "guestEmail": "Gina@Example.com",
    "guestSource": "192.0.2.1",
}


@pytest.fixture
def place(api, catalogue):
    """Place an order of a guest."""
    return lambda **more: api.invoke("validate-order", {**PLACED, **more})


def error_name(action, **more):
    with pytest.raises(Exception) as caught:  # noqa: PT011  (Step Functions sees the class name)
        action(**more)
    return type(caught.value).__name__


def test_a_guests_order_has_an_address_and_a_token_of_its_own(place):
    place()
    place(orderId="ORDER#1002", userId=f"GUEST#{'b' * 64}")

    first, second = row("ORDER#1001"), row("ORDER#1002")
    assert (first["userId"], first["guestEmail"]) == (GUEST, "gina@example.com")
    assert len(first["orderToken"]) == 43
    assert first["orderToken"] != second["orderToken"]


def test_a_repeat_keeps_the_token(place):
    place()
    token = row("ORDER#1001")["orderToken"]
    place()

    assert row("ORDER#1001")["orderToken"] == token


def test_a_customers_order_has_neither(place):
    place(userId=JIMMY, guestEmail=None, guestSource=None)

    assert {"guestEmail", "orderToken"}.isdisjoint(row("ORDER#1001"))


def test_no_customer_sees_or_cancels_a_guests_order(place, jimmy):
    place()

    assert error_of(jimmy.get("ORDER#1001")) == (404, "OrderNotFound")
    assert error_of(jimmy.cancel("ORDER#1001")) == (404, "OrderNotFound")
    assert jimmy.list().json_body == []


def test_staff_see_a_guests_order_without_its_token(place, admin):
    place()

    shown = admin.get("ORDER#1001")
    assert (shown.status_code, shown.json_body["userId"]) == (200, GUEST)
    assert row("ORDER#1001")["orderToken"] not in shown.body.decode()


@pytest.mark.parametrize("limit", [{"firstOrderOnly": True}, {"usageLimitPerCustomer": 1}])
def test_coupons_that_count_by_customer_are_refused_to_guests(place, admin, limit):
    coupon = {"name": "Welcome", "effect": "PERCENT", "percent": 10, "code": "WELCOME", **limit}
    assert admin.api.post("/promotions", coupon, admin.token).status_code == 201

    assert error_name(place, couponCodes=["WELCOME"]) == "CouponNotApplicable"
    assert row("ORDER#1001") is None


def test_coupons_for_everybody_are_for_guests(place, admin):
    coupon = {"name": "Sale", "effect": "PERCENT", "percent": 10, "code": "SALE", "usageLimit": 5}
    assert admin.api.post("/promotions", coupon, admin.token).status_code == 201

    place(couponCodes=["SALE"])
    assert row("ORDER#1001")["discountMinor"] == 260
