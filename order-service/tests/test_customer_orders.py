"""One customer cannot hold the stock of all others with unpaid orders."""

import pytest
from order_actors import error_of, run_concurrently
from order_factories import BOWL, SHAKE, row

from chalicelib.orders.errors import CartOrderOpen
from common import clock
from testkit.resources import table
from testkit.tokens import JIMMY


def check_out(api, number, **more):
    """Place an order of the cart, as POST /checkout has it."""
    step = {
        "orderId": f"ORDER#{number}",
        "userId": JIMMY,
        "items": [{"productId": BOWL, "qty": 1}],
        "paymentMethod": "pm_card_visa",
    }
    return api.invoke("validate-order", {**step, **more})


def end(api, order_id, status="FAILED"):
    api.invoke("fail-order", {"orderId": order_id, "reason": "x", "status": status})


def placed(response):
    assert response.status_code == 201, response.json_body
    return response.json_body["orderId"]


def test_a_customer_has_three_unpaid_orders_at_most(jimmy, amy):
    for _ in range(3):
        placed(jimmy.order((BOWL, 1)))

    refused = jimmy.order((BOWL, 1))

    assert error_of(refused) == (409, "TooManyUnpaidOrders")
    assert "3 orders" in refused.json_body["Message"]
    placed(amy.order((BOWL, 1)))


def test_a_stage_sets_the_number_of_unpaid_orders(jimmy, monkeypatch, catalogue):
    monkeypatch.setenv("MAX_UNPAID_ORDERS", "1")
    placed(jimmy.order((BOWL, 1)))

    assert error_of(jimmy.order((BOWL, 1))) == (409, "TooManyUnpaidOrders")


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED", "CONFIRMED"])
def test_an_order_that_has_ended_makes_room(api, jimmy, status):
    orders = [placed(jimmy.order((BOWL, 1))) for _ in range(3)]

    if status == "CONFIRMED":
        api.invoke("create-order-record", {"orderId": orders[0], "paymentId": "PAY#1"})
    else:
        end(api, orders[0], status)

    placed(jimmy.order((BOWL, 1)))
    assert error_of(jimmy.order((BOWL, 1))) == (409, "TooManyUnpaidOrders")


def test_an_order_whose_offer_has_ended_makes_room(jimmy):
    orders = [placed(jimmy.order((BOWL, 1))) for _ in range(3)]
    past = clock.iso(clock.epoch() - 1)
    table("Orders").put_item(Item={**row(orders[0]), "payBy": past})

    placed(jimmy.order((BOWL, 1)))


def test_orders_at_the_same_moment_are_all_counted(jimmy):
    answers = run_concurrently(*[lambda: jimmy.order((BOWL, 1))] * 6)

    codes = sorted(answer.status_code for answer in answers)
    assert codes.count(201) == 3
    assert set(codes) <= {201, 409, 503}
    assert table("Orders").scan()["Count"] == 3


def test_a_repeat_of_an_order_is_not_counted_again(jimmy):
    for _ in range(5):
        placed(jimmy.order((BOWL, 1), key="key-1"))

    assert len(table("CustomerOrders").scan()["Items"][0]["recent"]) == 1


def test_few_units_are_kept_without_a_payment_method(jimmy):
    placed(jimmy.order((BOWL, 12)))

    refused = jimmy.order((BOWL, 9), (SHAKE, 20))

    assert error_of(refused) == (409, "TooManyUnpaidUnits")
    assert BOWL in refused.json_body["Message"]
    assert SHAKE not in refused.json_body["Message"]
    placed(jimmy.order((BOWL, 8), (SHAKE, 20)))


def test_more_units_are_sold_to_who_sends_a_payment_method(jimmy):
    placed(jimmy.order((BOWL, 20)))

    placed(jimmy.order((BOWL, 30), paymentMethod="pm_card_visa"))


def test_who_lets_orders_expire_has_to_pause_for_longer_each_time(api, jimmy):
    end(api, placed(jimmy.order((BOWL, 1))), "EXPIRED")
    second = placed(jimmy.order((BOWL, 1)))
    third = placed(jimmy.order((BOWL, 1)))
    end(api, second, "EXPIRED")

    refused = jimmy.order((BOWL, 1))
    end(api, third, "EXPIRED")
    longer = jimmy.order((BOWL, 1))

    assert error_of(refused) == error_of(longer) == (429, "TooManyExpiredOrders")
    assert 55 <= int(refused.headers["Retry-After"]) <= 60
    assert 115 <= int(longer.headers["Retry-After"]) <= 120


def test_after_the_pause_the_customer_orders_again(api, jimmy):
    for _ in range(2):
        order_id = placed(jimmy.order((BOWL, 1)))
        end(api, order_id, "EXPIRED")
        before = clock.iso(clock.epoch() - 61)
        table("Orders").put_item(Item={**row(order_id), "updatedAt": before})

    placed(jimmy.order((BOWL, 1)))


def test_a_cart_has_one_unpaid_order_at_a_time(api, catalogue):
    check_out(api, 1)

    with pytest.raises(CartOrderOpen):
        check_out(api, 2)

    end(api, "ORDER#1", "CANCELLED")
    assert check_out(api, 2)["status"] == "CREATED"


def test_checkouts_of_a_cart_at_the_same_moment_place_one_order(api, catalogue):
    run_concurrently(*[lambda number=number: check_out(api, number) for number in range(5)])

    assert table("Orders").scan()["Count"] == 1


def test_a_customers_row_stays_small(api, jimmy):
    for _ in range(25):
        order_id = placed(jimmy.order((BOWL, 1)))
        api.invoke("create-order-record", {"orderId": order_id, "paymentId": "PAY#1"})

    assert len(table("CustomerOrders").scan()["Items"][0]["recent"]) <= 21
