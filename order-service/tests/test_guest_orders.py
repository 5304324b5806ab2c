"""Orders of guests: placed by POST /checkout/guest, through validate-order."""

import time

import pytest
from order_actors import error_of
from order_factories import BOWL, row

from common import clock, events
from testkit.resources import table
from testkit.tokens import AMY, JIMMY

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


# Joining an account


@pytest.fixture
def prove(api, catalogue):
    """user-service says that the account's address was proved."""

    def proved(user_id=JIMMY, email="gina@example.com", verified_at="2026-11-26T00:00:00.000Z"):
        account = {"userId": user_id, "email": email, "emailVerifiedAt": verified_at}
        known = {name: value for name, value in account.items() if value is not None}
        table("Users").put_item(Item=known)
        api.sqs("on-address-proved", [events.to_message(events.address_proved(user_id))])

    return proved


def test_the_orders_of_a_proved_address_join_the_account(place, prove, jimmy):
    place_another(place, 1, guestEmail="Gina@example.com")
    place_another(place, 2, guestEmail="gina@example.com")
    place_another(place, 3, guestEmail="other@example.com")

    prove(email="GINA@Example.com")

    listed = {order["orderId"] for order in jimmy.list().json_body}
    assert listed == {"ORDER#2001", "ORDER#2002"}
    assert jimmy.get("ORDER#2001").json_body["userId"] == JIMMY
    assert error_of(jimmy.get("ORDER#2003")) == (404, "OrderNotFound")


def test_an_order_that_joined_keeps_its_token_and_loses_its_address(place, prove):
    place()
    before = row("ORDER#1001")

    prove()

    after = row("ORDER#1001")
    assert (after["orderToken"], after["guestId"]) == (before["orderToken"], GUEST)
    assert after["version"] == before["version"] + 1
    assert "guestEmail" not in after


def test_joining_twice_changes_nothing(place, prove):
    place()
    prove()
    joined = row("ORDER#1001")

    prove()
    prove(AMY)  # who got the address later

    assert row("ORDER#1001") == joined


def test_an_address_that_is_not_proved_joins_nothing(place, prove, jimmy):
    place()

    prove(verified_at=None)

    assert jimmy.list().json_body == []
    assert row("ORDER#1001")["userId"] == GUEST


def test_a_deleted_account_joins_nothing(place, prove, api):
    place()

    api.sqs("on-address-proved", [events.to_message(events.address_proved(JIMMY))])

    assert row("ORDER#1001")["userId"] == GUEST


def test_all_of_many_orders_join(place, prove, jimmy):
    """More than one page of the index."""
    place()
    stored = row("ORDER#1001")
    for number in range(120):
        table("Orders").put_item(Item={**stored, "orderId": f"ORDER#{2000 + number}"})

    prove()

    assert len(jimmy.list("?limit=100").json_body) == 100
    assert row("ORDER#2119")["userId"] == JIMMY


def test_an_order_that_joined_is_cancelled_by_the_account(place, prove, jimmy):
    place()
    prove()

    assert jimmy.cancel("ORDER#1001").json_body["status"] == "CANCELLED"


def test_deleting_the_account_cancels_unpaid_orders_that_joined(place, prove, api):
    place()
    prove()

    api.sqs("on-account-deleted", [events.to_message(events.account_deleted(JIMMY))])

    assert row("ORDER#1001")["status"] == "CANCELLED"


def test_an_order_that_joined_goes_on_in_its_saga(place, prove, api):
    place()
    prove()

    step = {"orderId": "ORDER#1001", "userId": GUEST}
    assert api.invoke("validate-order", step)["status"] == "CREATED"
    confirmed = {"orderId": "ORDER#1001", "paymentId": "PAY#2001"}
    assert api.invoke("create-order-record", confirmed)["status"] == "CONFIRMED"
