"""Returns restock sold goods: once for each refund, and never more than were sold."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from faults import Crash
from steps import error_of, new_order, status_or_error

from common import aws

ONE, TWO, THREE = "REFUND#1", "REFUND#2", "REFUND#3"


@pytest.fixture
def bought(shop, bowl, tea, order):
    """Three of the five bowls and two of the three teas are sold."""
    shop.reserve(order, **{bowl: 3, tea: 2})
    shop.commit(order, **{bowl: 3, tea: 2})
    return order


def returned(shop, order):
    """The returned quantity of each product, as the reservation records it."""
    items = shop.row("Reservations", orderId=order)["items"]
    return {item["productId"]: item["returned"] for item in items if "returned" in item}


def test_returned_goods_are_available_again(shop, bowl, tea, bought):
    assert shop.return_goods(bought, ONE, **{bowl: 2}) == {"orderId": bought, "status": "COMMITTED"}

    assert (shop.stock(bowl), shop.stock(tea)) == ((4, 0, 1), (1, 0, 2))
    assert returned(shop, bought) == {bowl: 2}
    assert shop.row("Reservations", orderId=bought)["refundIds"] == [ONE]


def test_an_order_can_be_returned_piece_by_piece(shop, bowl, tea, bought):
    shop.return_goods(bought, ONE, **{bowl: 1, tea: 1})
    shop.return_goods(bought, TWO, **{bowl: 2})
    shop.return_goods(bought, THREE, **{tea: 1})

    assert (shop.stock(bowl), shop.stock(tea)) == ((5, 0, 0), (3, 0, 0))
    assert returned(shop, bought) == {bowl: 3, tea: 2}


def test_returned_lines_of_the_same_product_are_added_up(shop, bowl, bought):
    items = [{"productId": bowl, "qty": 2}, {"productId": bowl.removeprefix("PROD#"), "qty": 1}]

    shop.api.invoke("return-inventory", {"orderId": bought, "refundId": "1", "items": items})

    assert shop.stock(bowl) == (5, 0, 0)
    assert shop.row("Reservations", orderId=bought)["refundIds"] == [ONE]


def test_a_refund_restocks_once(shop, bowl, tea, bought):
    first = shop.return_goods(bought, ONE, **{bowl: 1})

    assert shop.return_goods(bought, ONE, **{bowl: 1}) == first
    assert (
        shop.return_goods(bought, ONE, **{bowl: 2, tea: 2}) == first
    )  # the lines of a repeat are ignored
    assert (shop.stock(bowl), shop.stock(tea)) == ((3, 0, 2), (1, 0, 2))


def test_a_return_of_more_than_was_sold_is_refused(shop, bowl, tea, bought):
    shop.return_goods(bought, ONE, **{bowl: 2})

    name, message = error_of(shop.return_goods, bought, TWO, **{bowl: 2, tea: 1, "PROD#01NONE": 1})

    assert name == "ReturnTooLarge"
    assert message == f"{bowl}: 2 to return, 1 sold; PROD#01NONE: 1 to return, 0 sold"
    assert (shop.stock(bowl), shop.stock(tea)) == ((4, 0, 1), (1, 0, 2))
    assert shop.return_goods(bought, TWO, **{bowl: 1})["status"] == "COMMITTED"


def test_a_return_before_the_commit_is_refused_and_retryable(shop, bowl, order, set_clock):
    assert error_of(shop.return_goods, order, ONE, **{bowl: 2})[0] == "NotCommitted"
    assert shop.rows("Reservations") == []
    shop.reserve(order, **{bowl: 2})
    assert error_of(shop.return_goods, order, ONE, **{bowl: 2})[0] == "NotCommitted"
    set_clock(1960)
    shop.expire()
    assert error_of(shop.return_goods, order, ONE, **{bowl: 2})[0] == "NotCommitted"
    assert shop.stock(bowl) == (5, 0, 0)

    shop.commit(order, **{bowl: 2})
    shop.return_goods(order, ONE, **{bowl: 2})

    assert shop.stock(bowl) == (5, 0, 0)


def test_a_released_order_takes_no_further_returns(shop, bowl, bought):
    shop.return_goods(bought, ONE, **{bowl: 1})
    shop.release(bought)

    assert error_of(shop.return_goods, bought, TWO, **{bowl: 1})[0] == "ReservationEnded"
    assert shop.return_goods(bought, ONE, **{bowl: 1}) == {"orderId": bought, "status": "RELEASED"}
    assert shop.stock(bowl) == (5, 0, 0)


def test_a_release_restocks_only_what_was_not_returned(shop, bowl, tea, bought):
    shop.return_goods(bought, ONE, **{bowl: 1, tea: 2})

    shop.release(bought)
    shop.release(bought)

    assert (shop.stock(bowl), shop.stock(tea)) == ((5, 0, 0), (3, 0, 0))


def test_a_repeated_commit_after_a_return_changes_nothing(shop, bowl, tea, bought):
    shop.return_goods(bought, ONE, **{bowl: 1})

    assert shop.commit(bought, **{bowl: 3, tea: 2})["status"] == "COMMITTED"
    assert shop.reserve(bought, **{bowl: 3, tea: 2})["status"] == "RESERVED"
    assert shop.stock(bowl) == (3, 0, 2)


def test_an_order_of_99_products_is_returned_in_one_transaction(shop, order):
    products = [f"PROD#01A{n}" for n in range(99)]
    for product in products:
        shop.put_stock(product, available=1)
    shop.commit(order, **dict.fromkeys(products, 1))

    shop.return_goods(order, ONE, **dict.fromkeys(products, 1))

    assert {shop.stock(product) for product in products} == {(1, 0, 0)}


def test_a_crash_after_a_return_restocks_once(shop, bowl, bought, crash_after_write):
    crash_after_write()
    with pytest.raises(Crash):
        shop.return_goods(bought, ONE, **{bowl: 1})

    shop.return_goods(bought, ONE, **{bowl: 1})

    assert shop.stock(bowl) == (3, 0, 2)


def test_concurrent_repeats_of_a_return_restock_once(shop, bowl, bought):
    with ThreadPoolExecutor(8) as pool:
        results = set(pool.map(lambda _: return_one(shop, bought, ONE, bowl), range(8)))

    assert results == {"COMMITTED"}
    assert shop.stock(bowl) == (3, 0, 2)


def test_concurrent_returns_never_exceed_what_was_sold(shop, bowl, bought):
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda n: return_one(shop, bought, f"REFUND#{n}", bowl), range(8)))

    assert set(results) <= {"COMMITTED", "ReturnTooLarge", "StockContended"}
    returned_qty = results.count("COMMITTED")
    assert 1 <= returned_qty <= 3
    assert shop.stock(bowl) == (2 + returned_qty, 0, 3 - returned_qty)


def return_one(shop, order, refund_id, product):
    return status_or_error(shop.return_goods, order, refund_id, **{product: 1})


def test_another_return_during_a_return_is_counted(shop, bowl, bought, before_write):
    before_write(lambda: shop.return_goods(bought, TWO, **{bowl: 2}))

    assert error_of(shop.return_goods, bought, ONE, **{bowl: 2})[0] == "ReturnTooLarge"
    assert shop.stock(bowl) == (4, 0, 1)


def test_a_return_during_a_release_is_not_restocked_twice(shop, bowl, bought, before_write):
    shop.return_goods(bought, ONE, **{bowl: 1})
    before_write(lambda: shop.return_goods(bought, TWO, **{bowl: 1}))

    shop.release(bought)

    assert shop.stock(bowl) == (5, 0, 0)


def test_a_release_during_a_return_leaves_nothing_to_return(shop, bowl, bought, before_write):
    before_write(lambda: shop.release(bought))

    assert error_of(shop.return_goods, bought, ONE, **{bowl: 1})[0] == "ReservationEnded"
    assert shop.stock(bowl) == (5, 0, 0)


def test_conflicts_of_a_return_are_retried_then_raised(shop, bowl, bought, transaction_conflicts):
    transaction_conflicts(3)
    shop.return_goods(bought, ONE, **{bowl: 1})
    assert shop.stock(bowl) == (3, 0, 2)

    transaction_conflicts(1000)
    assert error_of(shop.return_goods, bought, TWO, **{bowl: 1})[0] == "StockContended"
    transaction_conflicts(0)
    assert shop.stock(bowl) == (3, 0, 2)


def test_an_invalid_return_changes_nothing(shop, bowl, bought):
    valid = {"orderId": bought, "refundId": ONE, "items": [{"productId": bowl, "qty": 1}]}
    for wrong, error in (
        ({"items": []}, "StepInputInvalid"),
        ({"items": [{"productId": bowl, "qty": 0}]}, "StepInputInvalid"),
        ({"items": [{"productId": bowl, "qty": -1}]}, "StepInputInvalid"),
        ({"refundId": None}, "StepInputInvalid"),
        ({"refundId": "no such!"}, "InvalidId"),
        ({"orderId": None}, "StepInputInvalid"),
        ({"orderId": new_order()}, "NotCommitted"),
    ):
        assert error_of(shop.api.invoke, "return-inventory", {**valid, **wrong})[0] == error, wrong
    assert shop.stock(bowl) == (2, 0, 3)
    assert returned(shop, bought) == {}


def test_sold_stock_that_was_deleted_by_hand_is_a_mismatch(shop, bowl, bought):
    aws.client("dynamodb").delete_item(TableName="Inventory", Key={"productId": {"S": bowl}})

    name, message = error_of(shop.return_goods, bought, ONE, **{bowl: 1})

    assert (name, returned(shop, bought)) == ("StockMismatch", {})
    assert bowl in message
