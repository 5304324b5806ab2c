"""A coupon's uses: counted with the order, returned once when it ends unpaid."""

from functools import partial

import pytest
from order_actors import error_of, run_concurrently
from order_factories import BOWL, row
from price_factories import WELCOME

from testkit.resources import table
from testkit.tokens import JIMMY

CODES = {"couponCodes": ["WELCOME-10"]}


@pytest.fixture
def coupon(staff):
    """Create the coupon with these limits."""

    def create(**limits):
        body = {**WELCOME, **limits}
        return staff.create("/promotions", body).json_body["promotionId"]

    return create


def uses():
    return {one["userId"]: int(one["uses"]) for one in table("CouponUses").scan()["Items"]}


def test_a_coupon_with_three_uses_is_used_three_times(jimmy, coupon, monkeypatch):
    monkeypatch.setenv("MAX_UNPAID_ORDERS", "12")
    coupon(usageLimit=3)

    answers = run_concurrently(*[partial(jimmy.order, (BOWL, 1), **CODES)] * 12)

    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [201] * 3 + [409] * 9
    assert {error_of(one)[1] for one in answers if one.status_code != 201} == {"CouponOver"}
    assert uses() == {"EVERYBODY": 3}
    assert table("Orders").scan()["Count"] == 3


def test_a_customers_limit_is_the_customers_own(jimmy, amy, coupon):
    coupon(usageLimitPerCustomer=1)

    answers = [one.order((BOWL, 1), **CODES).status_code for one in (jimmy, jimmy, amy)]

    assert answers == [201, 409, 201]


def test_a_repeated_order_counts_one_use(jimmy, coupon):
    coupon(usageLimit=5)

    answers = run_concurrently(*[partial(jimmy.order, (BOWL, 1), key="click", **CODES)] * 4)

    assert {answer.status_code for answer in answers} == {201}
    assert uses() == {"EVERYBODY": 1}


@pytest.mark.parametrize("end", ["cancel", "fail", "expire"])
def test_an_order_that_ends_unpaid_returns_its_use_once(api, jimmy, coupon, end):
    coupon(usageLimit=1, usageLimitPerCustomer=1)
    order_id = jimmy.order((BOWL, 1), **CODES).json_body["orderId"]
    failed = {"orderId": order_id, "userId": JIMMY, "reason": "declined"}
    ends = {
        "cancel": partial(jimmy.cancel, order_id),
        "fail": partial(api.invoke, "fail-order", failed),
        "expire": partial(api.invoke, "fail-order", {**failed, "status": "EXPIRED"}),
    }

    run_concurrently(*[ends[end]] * 4)

    assert row(order_id)["status"] in ("CANCELLED", "FAILED", "EXPIRED")
    assert uses() == {"EVERYBODY": 0, JIMMY: 0}
    assert jimmy.order((BOWL, 1), **CODES).status_code == 201


def test_a_paid_order_keeps_its_use(api, jimmy, coupon):
    coupon(usageLimit=1)
    order_id = jimmy.order((BOWL, 1), **CODES).json_body["orderId"]
    api.invoke("create-order-record", {"orderId": order_id, "paymentId": "PAY#1"})

    api.invoke("fail-order", {"orderId": order_id, "userId": JIMMY, "reason": "late"})

    assert uses() == {"EVERYBODY": 1}
    assert error_of(jimmy.order((BOWL, 1), **CODES)) == (409, "CouponOver")


def test_an_order_cancelled_after_its_payment_returns_its_use_once(api, jimmy, coupon):
    coupon(usageLimit=1, usageLimitPerCustomer=1)
    order_id = jimmy.order((BOWL, 1), **CODES).json_body["orderId"]
    api.invoke("create-order-record", {"orderId": order_id, "paymentId": "PAY#1"})
    assert uses() == {"EVERYBODY": 1, JIMMY: 1}

    run_concurrently(*[partial(jimmy.cancel, order_id)] * 4)

    assert row(order_id)["status"] == "CANCELLING"
    assert uses() == {"EVERYBODY": 0, JIMMY: 0}


def test_an_order_cancelled_while_it_is_paid_returns_its_use_once(api, jimmy, coupon):
    coupon(usageLimit=50)
    for number in range(6):
        order_id = jimmy.order((BOWL, 1), **CODES).json_body["orderId"]
        paid = {"orderId": order_id, "paymentId": "PAY#1"}
        before = uses()["EVERYBODY"]

        run_concurrently(
            partial(jimmy.cancel, order_id), partial(api.invoke, "create-order-record", paid)
        )

        assert row(order_id)["status"] in ("CANCELLED", "CANCELLING")
        assert uses()["EVERYBODY"] == before - 1, number


def test_a_first_orders_coupon_is_for_a_first_order(api, jimmy, coupon):
    coupon(firstOrderOnly=True)
    jimmy.order((BOWL, 1))

    assert error_of(jimmy.order((BOWL, 1), **CODES)) == (409, "CouponNotApplicable")


def test_two_first_orders_at_once_use_the_coupon_once(jimmy, coupon):
    coupon(firstOrderOnly=True)

    answers = run_concurrently(*[partial(jimmy.order, (BOWL, 1), **CODES)] * 6)

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
