"""Orders of guests: placed by POST /checkout/guest, through validate-order."""

import time

import pytest
from order_actors import error_of
from order_factories import BOWL, row

from common import clock
from testkit.resources import table
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
def place(api, catalogue, monkeypatch):
    """Place an order of a guest."""
    monkeypatch.setenv("UNPAID_ORDERS_PER_SOURCE", "10")
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


# Limits


def place_another(place, number, **more):
    """Another order, of another cart and address: nothing but the source is the same."""
    known = {"userId": f"GUEST#{number:064}", "guestEmail": f"gina{number}@example.com"}
    known |= {"orderId": f"ORDER#{2000 + number}", "paymentMethod": "pm_card_visa", **more}
    return place(**known)


def fail(api, number, status="FAILED"):
    step = {"orderId": f"ORDER#{2000 + number}", "reason": "declined", "status": status}
    api.invoke("fail-order", step)


def test_guests_of_one_source_have_few_unpaid_orders(place, api):
    for number in range(10):
        place_another(place, number)

    assert error_name(place_another, place=place, number=10) == "TooManyUnpaidOrders"
    place_another(place, 11, guestSource="192.0.2.2")
    fail(api, 0)
    place_another(place, 10)


def test_guests_of_one_source_hold_few_of_a_product(place):
    place_another(place, 1, paymentMethod=None, items=[{"productId": BOWL, "qty": 15}])
    more = {"paymentMethod": None, "items": [{"productId": BOWL, "qty": 6}]}

    assert error_name(place_another, place=place, number=2, **more) == "TooManyUnpaidUnits"
    place_another(place, 3, **more, guestSource="192.0.2.2")


def test_guests_of_one_source_wait_after_many_expired_orders(place, api, monkeypatch):
    for number in range(11):
        place_another(place, number)
        fail(api, number, "EXPIRED")

    assert error_name(place_another, place=place, number=11) == "TooManyExpiredOrders"
    place_another(place, 12, guestSource="192.0.2.2")
    monkeypatch.setattr(clock, "epoch", lambda: int(time.time()) + 61)
    place_another(place, 11)


def test_a_customer_with_an_account_is_not_counted_for_the_source(place, jimmy):
    for number in range(10):
        place_another(place, number)

    assert jimmy.order((BOWL, 1)).status_code == 201


def test_rows_of_guests_and_sources_hold_no_address_and_expire(place):
    place()

    for counted in table("CustomerOrders").scan()["Items"]:
        assert "192.0.2.1" not in str(counted)
        assert "example.com" not in str(counted)
        assert counted["expiresAt"] > time.time()


def test_an_address_gets_ten_orders_of_guests_a_day(place, api):
    for number in range(10):
        place_another(place, number, guestEmail="amy@example.com", guestSource=str(number))
        fail(api, number)
    another = {"number": 10, "guestEmail": "AMY@example.com", "guestSource": "10"}

    assert error_name(place_another, place=place, **another) == "TooManyGuestOrders"
    place_another(place, 11)


# cancel-order


def cancel(api):
    return api.invoke("cancel-order", {"orderId": "ORDER#1001"})


def test_an_unpaid_order_of_a_guest_is_cancelled(place, api):
    place()

    assert cancel(api) == cancel(api) == {"orderId": "ORDER#1001", "status": "CANCELLED"}


def test_a_paid_order_of_a_guest_is_cancelled_and_refunded(place, api):
    place()
    api.invoke("create-order-record", {"orderId": "ORDER#1001", "paymentId": "PAY#2001"})

    assert cancel(api) == cancel(api) == {"orderId": "ORDER#1001", "status": "CANCELLING"}
    (refund,) = row("ORDER#1001")["refunds"]
    assert (refund["amountMinor"], refund["requestedBy"]) == (2598, GUEST)


def test_an_order_of_a_guest_that_failed_is_not_cancelled(place, api):
    place()
    api.invoke("fail-order", {"orderId": "ORDER#1001", "reason": "declined"})

    assert error_name(cancel, api=api) == "OrderAlreadyEnded"
