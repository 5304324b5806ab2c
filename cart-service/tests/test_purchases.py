"""What happens to a cart once an order is confirmed: the saga step clear-cart, and the queue of those that failed."""

import time

import pytest
from conftest import fill, product, row

from common import clock
from common.queues import BatchPartlyFailed
from common.step_input import StepInputInvalid
from testkit.tokens import JIMMY


def purchase(order_id="ORDER#1001", user_id=JIMMY, **bought):
    """Bought: PROD_001=2."""
    items = [{"productId": name.replace("_", "#"), "qty": qty} for name, qty in bought.items()]
    return {"orderId": order_id, "userId": user_id, "items": items, "correlationId": "c-1"}


@pytest.fixture
def mixed_cart(jimmy, sell):
    """Five of one, two of another, one of a third."""
    for number, qty in enumerate((5, 2, 1), start=1):
        jimmy.add(sell(f"PROD#00{number}"), qty)
    return jimmy


def test_what_was_bought_is_out_of_the_cart(mixed_cart, api):
    before = mixed_cart.changed("PROD#001")

    answer = api.invoke("clear-cart", purchase(PROD_001=3, PROD_002=2))

    assert answer == {"userId": JIMMY, "status": "CLEARED"}
    assert mixed_cart.cart == {"PROD#001": 2, "PROD#003": 1}
    assert mixed_cart.changed("PROD#001") > before


def test_what_was_added_meanwhile_stays(mixed_cart, api):
    bought = purchase(PROD_001=5, PROD_002=2, PROD_003=1)
    mixed_cart.add("PROD#002", 4)

    api.invoke("clear-cart", bought)

    assert mixed_cart.cart == {"PROD#002": 4}


def test_what_was_emptied_and_put_in_again_since_the_order_stays(mixed_cart, api):
    """A clearing that comes late finds another cart, which only looks the same."""
    placed_at = clock.now()
    time.sleep(0.002)
    mixed_cart.remove("PROD#002")
    mixed_cart.add("PROD#002", 2)

    api.invoke("clear-cart", {**purchase(PROD_001=3, PROD_002=2), "placedAt": placed_at})

    assert mixed_cart.cart == {"PROD#001": 2, "PROD#002": 2, "PROD#003": 1}


def test_a_repeat_takes_out_nothing_more(mixed_cart, api):
    answers = [api.invoke("clear-cart", purchase(PROD_001=2)) for _ in range(3)]

    assert answers == [{"userId": JIMMY, "status": "CLEARED"}] * 3
    assert mixed_cart.cart["PROD#001"] == 3


def test_a_repeat_does_not_take_what_was_put_in_since(mixed_cart, api):
    api.invoke("clear-cart", purchase(PROD_002=2))
    mixed_cart.add("PROD#002", 2)

    api.sqs("on-clear-cart", [purchase(PROD_002=2)])

    assert mixed_cart.cart["PROD#002"] == 2


def test_repeats_at_the_same_time_take_out_once(mixed_cart, api, at_once):
    at_once(*[lambda: api.invoke("clear-cart", purchase(PROD_001=2))] * 6)

    assert mixed_cart.cart["PROD#001"] == 3


def test_orders_may_be_cleared_late_and_in_any_order(mixed_cart, api):
    first, second = purchase("ORDER#1", PROD_001=2), purchase("ORDER#2", PROD_001=1, PROD_002=2)

    for bought in (second, first, second, first):
        api.invoke("clear-cart", bought)

    assert mixed_cart.cart == {"PROD#001": 2, "PROD#003": 1}


def test_orders_of_different_customers_do_not_touch(mixed_cart, anna, api):
    anna.add("PROD#001", 4)

    api.invoke("clear-cart", purchase("ORDER#1", user_id="USER#01ANNA", PROD_001=4))
    api.invoke("clear-cart", purchase("ORDER#2", PROD_001=5))

    assert anna.cart == {}
    assert mixed_cart.cart == {"PROD#002": 2, "PROD#003": 1}


def test_what_the_customer_took_out_meanwhile_is_no_obstacle(mixed_cart, api):
    mixed_cart.remove("PROD#001")
    mixed_cart.set_quantity("PROD#002", 1)

    api.invoke("clear-cart", purchase(PROD_001=5, PROD_002=2, PROD_009=7))

    assert mixed_cart.cart == {"PROD#003": 1}


def test_what_is_added_at_the_last_moment_stays_too(mixed_cart, api, before_writing):
    before_writing(lambda: mixed_cart.set_quantity("PROD#001", 8))
    api.invoke("clear-cart", purchase("ORDER#1", PROD_001=5))

    before_writing(lambda: mixed_cart.set_quantity("PROD#002", 6))
    api.invoke("clear-cart", purchase("ORDER#2", PROD_002=1))

    assert mixed_cart.cart == {"PROD#001": 3, "PROD#002": 5, "PROD#003": 1}


def test_what_is_taken_out_at_the_last_moment_is_no_obstacle(mixed_cart, api, before_writing):
    before_writing(lambda: mixed_cart.empty())

    api.invoke("clear-cart", purchase(PROD_001=2, PROD_002=2))

    assert mixed_cart.cart == {}


def test_a_cart_that_never_stands_still_is_cleared_later(mixed_cart, api, before_writing):
    sizes = iter([9, 3] * 50)
    before_writing(lambda: mixed_cart.set_quantity("PROD#001", next(sizes)), times=30)
    with pytest.raises(Exception, match="kept changing"):
        api.invoke("clear-cart", purchase(PROD_001=5, PROD_002=2))
    assert mixed_cart.cart["PROD#002"] == 2


def test_adding_and_clearing_at_once_lose_nothing(mixed_cart, api, at_once):
    at_once(
        lambda: api.invoke("clear-cart", purchase("ORDER#1", PROD_001=5)),
        lambda: mixed_cart.add("PROD#001", 3),
        lambda: api.invoke("clear-cart", purchase("ORDER#2", PROD_002=1)),
        lambda: mixed_cart.add("PROD#002", 3),
    )

    assert mixed_cart.cart == {"PROD#001": 3, "PROD#002": 4, "PROD#003": 1}


def test_an_order_of_99_lines_is_taken_out_in_one_piece(jimmy, sell, api):
    products = [f"PROD#{number:03}" for number in range(1, 101)]
    fill("Products", [product(each) for each in products])
    stamps = {"addedAt": "2025-10-13T14:10:00.123Z", "updatedAt": "2025-10-13T14:10:00.123Z"}
    fill(
        "Carts", [{"userId": JIMMY, "productId": each, "qty": 1, **stamps} for each in products[1:]]
    )
    jimmy.add("PROD#001", 3)

    api.invoke("clear-cart", purchase(**{each.replace("#", "_"): 1 for each in products[:99]}))

    assert jimmy.cart == {"PROD#001": 2, "PROD#100": 1}


def test_a_product_in_two_lines_counts_with_both(mixed_cart, api):
    bought = purchase()
    bought["items"] = [{"productId": "PROD#001", "qty": 1}, {"productId": "001", "qty": 2}]

    api.invoke("clear-cart", bought)

    assert mixed_cart.cart["PROD#001"] == 2


def test_lines_that_dynamodb_leaves_unread_are_asked_for_again(mixed_cart, api, sparing):
    sparing("BatchGetItem", 1)

    api.invoke("clear-cart", purchase(PROD_001=5, PROD_002=2))

    sparing("BatchGetItem", 100)
    assert mixed_cart.cart == {"PROD#003": 1}


def test_a_clearing_that_fails_changes_nothing_and_comes_again(mixed_cart, api, sparing):
    sparing("BatchGetItem", 0)
    with pytest.raises(Exception, match="try again"):
        api.invoke("clear-cart", purchase(PROD_001=5))
    sparing("BatchGetItem", 100)
    assert mixed_cart.cart["PROD#001"] == 5

    api.sqs("on-clear-cart", [purchase(PROD_001=5)])
    assert "PROD#001" not in mixed_cart.cart


def test_an_order_is_remembered_far_longer_than_a_dead_letter_lives(mixed_cart, api):
    api.invoke("clear-cart", purchase("ORDER#1001", PROD_001=1))

    assert row(JIMMY, "KEY#ORDER#1001")["expiresAt"] > time.time() + 180 * 24 * 3600


def test_emptying_a_cart_forgets_no_order(mixed_cart, api):
    api.invoke("clear-cart", purchase(PROD_001=2))
    mixed_cart.empty()
    mixed_cart.add("PROD#001", 4)

    api.invoke("clear-cart", purchase(PROD_001=2))

    assert mixed_cart.cart == {"PROD#001": 4}


def test_an_input_that_cannot_be_meant_is_refused(cloud, api):
    inputs = (
        None,
        [],
        {},
        {"orderId": "ORDER#1", "userId": JIMMY},
        {"orderId": "", "userId": JIMMY, "items": []},
        {"orderId": 7, "userId": JIMMY, "items": []},
        {"orderId": "ORDER#1", "userId": JIMMY, "items": [{"productId": "PROD#1", "qty": 0}]},
        {"orderId": "ORDER#1", "userId": JIMMY, "items": [{"productId": "PROD#1", "qty": -2}]},
        {"orderId": "ORDER#1", "userId": JIMMY, "items": [{"productId": "PROD#1", "qty": "2"}]},
        {
            "orderId": "ORDER#1",
            "userId": JIMMY,
            "items": [{"productId": f"PROD#{n}", "qty": 1} for n in range(100)],
        },
    )
    for nonsense in inputs:
        with pytest.raises(StepInputInvalid):
            api.invoke("clear-cart", nonsense)


def test_a_bad_message_does_not_hold_up_the_good_ones(mixed_cart, api, queue):
    batch = [
        purchase("ORDER#1", PROD_001=1),
        {"orderId": "ORDER#2"},
        purchase("ORDER#3", PROD_002=2),
    ]

    with pytest.raises(BatchPartlyFailed):
        api.sqs("on-clear-cart", batch, queue="cart-clear-queue")

    assert mixed_cart.cart == {"PROD#001": 4, "PROD#003": 1}
    assert queue("cart-clear-queue") == [{"orderId": "ORDER#2"}]


def test_a_message_that_is_not_json_holds_up_nothing_either(mixed_cart, api):
    with pytest.raises(BatchPartlyFailed):
        api.sqs("on-clear-cart", ["not json", purchase(PROD_001=5)], queue="cart-clear-queue")

    assert "PROD#001" not in mixed_cart.cart
