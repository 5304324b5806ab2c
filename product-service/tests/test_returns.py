"""Goods that come back after they were sold are for sale again, once, and never more than were sold."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import Crash, new_order, outcome, refusal

from common import aws

ONE, TWO, THREE = "REFUND#1", "REFUND#2", "REFUND#3"


@pytest.fixture
def bought(shop, bowl, tea, order):
    """Three of the five bowls and two of the three teas are sold."""
    shop.reserve(order, **{bowl: 3, tea: 2})
    shop.commit(order, **{bowl: 3, tea: 2})
    return order


def returned(shop, order):
    """How many of each product came back, as the reservation notes it."""
    items = shop.row("Reservations", orderId=order)["items"]
    return {item["productId"]: item["returned"] for item in items if "returned" in item}


def test_goods_that_come_back_are_available_again(shop, bowl, tea, bought):
    assert shop.give_back(bought, ONE, **{bowl: 2}) == {"orderId": bought, "status": "COMMITTED"}

    assert (shop.stock(bowl), shop.stock(tea)) == ((4, 0, 1), (1, 0, 2))
    assert returned(shop, bought) == {bowl: 2}
    assert shop.row("Reservations", orderId=bought)["refundIds"] == [ONE]


def test_an_order_comes_back_piece_by_piece_until_nothing_is_left(shop, bowl, tea, bought):
    shop.give_back(bought, ONE, **{bowl: 1, tea: 1})
    shop.give_back(bought, TWO, **{bowl: 2})
    shop.give_back(bought, THREE, **{tea: 1})

    assert (shop.stock(bowl), shop.stock(tea)) == ((5, 0, 0), (3, 0, 0))
    assert returned(shop, bought) == {bowl: 3, tea: 2}


def test_lines_of_the_same_product_come_back_as_one(shop, bowl, bought):
    items = [{"productId": bowl, "qty": 2}, {"productId": bowl.removeprefix("PROD#"), "qty": 1}]

    shop.api.invoke("return-inventory", {"orderId": bought, "refundId": "1", "items": items})

    assert shop.stock(bowl) == (5, 0, 0)
    assert shop.row("Reservations", orderId=bought)["refundIds"] == [ONE]


def test_a_refund_brings_goods_back_once(shop, bowl, tea, bought):
    first = shop.give_back(bought, ONE, **{bowl: 1})

    assert shop.give_back(bought, ONE, **{bowl: 1}) == first
    assert shop.give_back(bought, ONE, **{bowl: 2, tea: 2}) == first  # whatever else it says
    assert (shop.stock(bowl), shop.stock(tea)) == ((3, 0, 2), (1, 0, 2))


def test_more_than_was_sold_does_not_come_back(shop, bowl, tea, bought):
    shop.give_back(bought, ONE, **{bowl: 2})

    name, said = refusal(shop.give_back, bought, TWO, **{bowl: 2, tea: 1, "PROD#01NONE": 1})

    assert name == "ReturnTooLarge"
    assert said == f"{bowl}: 2 to return, 1 sold; PROD#01NONE: 1 to return, 0 sold"
    assert (shop.stock(bowl), shop.stock(tea)) == ((4, 0, 1), (1, 0, 2))
    assert shop.give_back(bought, TWO, **{bowl: 1})["status"] == "COMMITTED"


def test_goods_that_are_not_sold_yet_are_to_come_back_later(shop, bowl, order, travel):
    assert refusal(shop.give_back, order, ONE, **{bowl: 2})[0] == "NotCommitted"
    assert shop.rows("Reservations") == []
    shop.reserve(order, **{bowl: 2})
    assert refusal(shop.give_back, order, ONE, **{bowl: 2})[0] == "NotCommitted"
    travel(1300)
    shop.expire()
    assert refusal(shop.give_back, order, ONE, **{bowl: 2})[0] == "NotCommitted"
    assert shop.stock(bowl) == (5, 0, 0)

    shop.commit(order, **{bowl: 2})
    shop.give_back(order, ONE, **{bowl: 2})

    assert shop.stock(bowl) == (5, 0, 0)


def test_of_an_order_that_was_released_nothing_more_comes_back(shop, bowl, bought):
    shop.give_back(bought, ONE, **{bowl: 1})
    shop.release(bought)

    assert refusal(shop.give_back, bought, TWO, **{bowl: 1})[0] == "ReservationEnded"
    assert shop.give_back(bought, ONE, **{bowl: 1}) == {"orderId": bought, "status": "RELEASED"}
    assert shop.stock(bowl) == (5, 0, 0)


def test_a_release_gives_back_only_what_did_not_come_back_before(shop, bowl, tea, bought):
    shop.give_back(bought, ONE, **{bowl: 1, tea: 2})

    shop.release(bought)
    shop.release(bought)

    assert (shop.stock(bowl), shop.stock(tea)) == ((5, 0, 0), (3, 0, 0))


def test_a_commit_that_is_repeated_after_a_return_changes_nothing(shop, bowl, tea, bought):
    shop.give_back(bought, ONE, **{bowl: 1})

    assert shop.commit(bought, **{bowl: 3, tea: 2})["status"] == "COMMITTED"
    assert shop.reserve(bought, **{bowl: 3, tea: 2})["status"] == "RESERVED"
    assert shop.stock(bowl) == (3, 0, 2)


def test_an_order_of_99_products_comes_back_in_one_transaction(shop, order):
    products = [f"PROD#01A{n}" for n in range(99)]
    for product in products:
        shop.shelve(product, available=1)
    shop.commit(order, **dict.fromkeys(products, 1))

    shop.give_back(order, ONE, **dict.fromkeys(products, 1))

    assert {shop.stock(product) for product in products} == {(1, 0, 0)}


def test_a_crash_right_after_a_return_restocks_once(shop, bowl, bought, crash):
    crash()
    with pytest.raises(Crash):
        shop.give_back(bought, ONE, **{bowl: 1})

    shop.give_back(bought, ONE, **{bowl: 1})

    assert shop.stock(bowl) == (3, 0, 2)


# at the same time


def test_repeats_at_the_same_time_restock_once(shop, bowl, bought):
    with ThreadPoolExecutor(8) as pool:
        said = set(pool.map(lambda _: outcome(shop.give_back, bought, ONE, **{bowl: 1}), range(8)))

    assert said == {"COMMITTED"}
    assert shop.stock(bowl) == (3, 0, 2)


def test_many_refunds_at_the_same_time_never_return_more_than_was_sold(shop, bowl, bought):
    with ThreadPoolExecutor(8) as pool:
        said = list(
            pool.map(
                lambda n: outcome(shop.give_back, bought, f"REFUND#{n}", **{bowl: 1}), range(8)
            )
        )

    assert set(said) <= {"COMMITTED", "ReturnTooLarge", "StockContended"}
    back = said.count("COMMITTED")
    assert 1 <= back <= 3
    assert shop.stock(bowl) == (2 + back, 0, 3 - back)


def test_another_return_between_look_and_write_is_counted(shop, bowl, bought, meanwhile):
    meanwhile(lambda: shop.give_back(bought, TWO, **{bowl: 2}))

    assert refusal(shop.give_back, bought, ONE, **{bowl: 2})[0] == "ReturnTooLarge"
    assert shop.stock(bowl) == (4, 0, 1)


def test_a_return_between_look_and_release_is_not_given_back_twice(shop, bowl, bought, meanwhile):
    shop.give_back(bought, ONE, **{bowl: 1})
    meanwhile(lambda: shop.give_back(bought, TWO, **{bowl: 1}))

    shop.release(bought)

    assert shop.stock(bowl) == (5, 0, 0)


def test_a_release_between_look_and_return_leaves_nothing_to_return(shop, bowl, bought, meanwhile):
    meanwhile(lambda: shop.release(bought))

    assert refusal(shop.give_back, bought, ONE, **{bowl: 1})[0] == "ReservationEnded"
    assert shop.stock(bowl) == (5, 0, 0)


def test_other_transactions_in_the_way_are_waited_for_and_at_last_left_to_the_caller(
    shop, bowl, bought, conflicts
):
    conflicts(3)
    shop.give_back(bought, ONE, **{bowl: 1})
    assert shop.stock(bowl) == (3, 0, 2)

    conflicts(1000)
    assert refusal(shop.give_back, bought, TWO, **{bowl: 1})[0] == "StockContended"
    conflicts(0)
    assert shop.stock(bowl) == (3, 0, 2)


# what cannot be meant


def test_an_input_that_cannot_be_meant_changes_nothing(shop, bowl, bought):
    meant = {"orderId": bought, "refundId": ONE, "items": [{"productId": bowl, "qty": 1}]}
    for wrong, error in (
        ({"items": []}, "StepInputInvalid"),
        ({"items": [{"productId": bowl, "qty": 0}]}, "StepInputInvalid"),
        ({"items": [{"productId": bowl, "qty": -1}]}, "StepInputInvalid"),
        ({"refundId": None}, "StepInputInvalid"),
        ({"refundId": "no such!"}, "InvalidId"),
        ({"orderId": None}, "StepInputInvalid"),
        ({"orderId": new_order()}, "NotCommitted"),
    ):
        assert refusal(shop.api.invoke, "return-inventory", {**meant, **wrong})[0] == error, wrong
    assert shop.stock(bowl) == (2, 0, 3)
    assert returned(shop, bought) == {}


def test_sold_goods_that_somebody_took_away_by_hand_do_not_come_back(shop, bowl, bought):
    aws.client("dynamodb").delete_item(TableName="Inventory", Key={"productId": {"S": bowl}})

    name, said = refusal(shop.give_back, bought, ONE, **{bowl: 1})

    assert (name, returned(shop, bought)) == ("StockMismatch", {})
    assert bowl in said
