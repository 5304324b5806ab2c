"""An unpaid order is an offer that ends."""

from datetime import datetime, timedelta

import pytest
from order_factories import row

from chalicelib.orders.errors import OrderExpired
from common import clock
from testkit.resources import table


def change_row(order_id, **values):
    kept = {name: value for name, value in {**row(order_id), **values}.items() if value is not None}
    table("Orders").put_item(Item=kept)


def minutes_ago(minutes):
    return clock.iso(clock.epoch() - 60 * minutes)


def test_an_order_can_be_paid_for_thirty_minutes(jimmy, order):
    placed, end = (datetime.fromisoformat(row(order)[name]) for name in ("createdAt", "payBy"))

    assert end - placed == timedelta(minutes=30)
    assert jimmy.get(order).json_body["payBy"] == row(order)["payBy"]


def test_a_stage_sets_how_long_an_order_can_be_paid(jimmy, monkeypatch, catalogue, order):
    monkeypatch.setenv("OFFER_SECONDS", "60")

    shorter = jimmy.order(("PROD#001", 1)).json_body["orderId"]

    assert row(shorter)["payBy"] < row(order)["payBy"]


def test_an_unpaid_order_expires_once_its_offer_has_ended(api, jimmy, order):
    change_row(order, payBy=minutes_ago(0))

    with pytest.raises(OrderExpired):
        api.invoke("validate-order", {"orderId": order})

    seen = jimmy.get(order).json_body
    assert (seen["status"], seen["reason"]) == ("EXPIRED", "not paid in time")
    assert "payBy" not in seen


@pytest.mark.parametrize(("age", "expires"), [(29, False), (31, True), (91 * 24 * 60, True)])
def test_an_order_from_before_offers_expires_by_its_age(api, order, age, expires):
    change_row(order, payBy=None, createdAt=minutes_ago(age))

    if expires:
        with pytest.raises(OrderExpired):
            api.invoke("validate-order", {"orderId": order})
    else:
        assert api.invoke("validate-order", {"orderId": order})["status"] == "CREATED"


def test_a_paid_order_does_not_expire(api, jimmy, confirmed):
    change_row(confirmed, payBy=minutes_ago(60))

    with pytest.raises(Exception, match="CONFIRMED"):
        api.invoke("validate-order", {"orderId": confirmed})

    assert jimmy.get(confirmed).json_body["status"] == "CONFIRMED"
