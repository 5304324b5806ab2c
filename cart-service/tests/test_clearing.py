"""Clearing a cart after its order: the saga step, and the queue of failed ones."""

import time

import pytest
from tables import product, put_rows, row

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


def test_ordered_items_are_removed_from_the_cart(mixed_cart, api):
    before = mixed_cart.updated_at("PROD#001")

    response = api.invoke("clear-cart", purchase(PROD_001=3, PROD_002=2))

    assert response == {"userId": JIMMY, "status": "CLEARED"}
    assert mixed_cart.cart == {"PROD#001": 2, "PROD#003": 1}
    assert mixed_cart.updated_at("PROD#001") > before


def test_items_added_since_the_order_stay(mixed_cart, api):
    bought = purchase(PROD_001=5, PROD_002=2, PROD_003=1)
    mixed_cart.add("PROD#002", 4)

    api.invoke("clear-cart", bought)

    assert mixed_cart.cart == {"PROD#002": 4}


def test_items_added_again_after_the_order_stay(mixed_cart, api):
    """A clearing that comes late finds another cart, which only looks the same."""
    placed_at = clock.now()
    time.sleep(0.002)
    mixed_cart.remove("PROD#002")
    mixed_cart.add("PROD#002", 2)

    api.invoke("clear-cart", {**purchase(PROD_001=3, PROD_002=2), "placedAt": placed_at})

    assert mixed_cart.cart == {"PROD#001": 2, "PROD#002": 2, "PROD#003": 1}


def test_only_the_items_that_an_order_took_are_removed(mixed_cart, api):
    """Also where the clock of who placed the order is ahead."""
    bought = purchase(PROD_001=3, PROD_002=2)
    for line in bought["items"]:
        line["addedAt"] = row(JIMMY, line["productId"])["addedAt"]
    time.sleep(0.002)
    mixed_cart.remove("PROD#002")
    mixed_cart.add("PROD#002", 2)

    api.invoke("clear-cart", {**bought, "placedAt": "9999-01-01T00:00:00.000Z"})

    assert mixed_cart.cart == {"PROD#001": 2, "PROD#002": 2, "PROD#003": 1}


def test_a_repeated_clearing_removes_nothing_more(mixed_cart, api):
    responses = [api.invoke("clear-cart", purchase(PROD_001=2)) for _ in range(3)]

    assert responses == [{"userId": JIMMY, "status": "CLEARED"}] * 3
    assert mixed_cart.cart["PROD#001"] == 3


def test_a_repeated_clearing_keeps_what_was_added_since(mixed_cart, api):
    api.invoke("clear-cart", purchase(PROD_002=2))
    mixed_cart.add("PROD#002", 2)

    api.sqs("on-clear-cart", [purchase(PROD_002=2)])

    assert mixed_cart.cart["PROD#002"] == 2


def test_concurrent_repeats_clear_once(mixed_cart, api, concurrently):
    concurrently(*[lambda: api.invoke("clear-cart", purchase(PROD_001=2))] * 6)

    assert mixed_cart.cart["PROD#001"] == 3


def test_orders_may_be_cleared_late_and_in_any_order(mixed_cart, api):
    first, second = purchase("ORDER#1", PROD_001=2), purchase("ORDER#2", PROD_001=1, PROD_002=2)

    for bought in (second, first, second, first):
        api.invoke("clear-cart", bought)

    assert mixed_cart.cart == {"PROD#001": 2, "PROD#003": 1}


def test_a_clearing_affects_only_its_customer(mixed_cart, anna, api):
    anna.add("PROD#001", 4)

    api.invoke("clear-cart", purchase("ORDER#1", user_id="USER#01ANNA", PROD_001=4))
    api.invoke("clear-cart", purchase("ORDER#2", PROD_001=5))

    assert anna.cart == {}
    assert mixed_cart.cart == {"PROD#002": 2, "PROD#003": 1}


def test_items_that_were_removed_since_the_order_are_skipped(mixed_cart, api):
    mixed_cart.remove("PROD#001")
    mixed_cart.set_quantity("PROD#002", 1)

    api.invoke("clear-cart", purchase(PROD_001=5, PROD_002=2, PROD_009=7))

    assert mixed_cart.cart == {"PROD#003": 1}


def test_items_added_during_a_clearing_stay(mixed_cart, api, before_write):
    before_write(lambda: mixed_cart.set_quantity("PROD#001", 8))
    api.invoke("clear-cart", purchase("ORDER#1", PROD_001=5))

    before_write(lambda: mixed_cart.set_quantity("PROD#002", 6))
    api.invoke("clear-cart", purchase("ORDER#2", PROD_002=1))

    assert mixed_cart.cart == {"PROD#001": 3, "PROD#002": 5, "PROD#003": 1}


def test_items_removed_during_a_clearing_are_skipped(mixed_cart, api, before_write):
    before_write(lambda: mixed_cart.empty())

    api.invoke("clear-cart", purchase(PROD_001=2, PROD_002=2))

    assert mixed_cart.cart == {}


def test_clearing_a_contended_cart_fails_and_changes_nothing(mixed_cart, api, before_write):
    sizes = iter([9, 3] * 50)
    before_write(lambda: mixed_cart.set_quantity("PROD#001", next(sizes)), times=30)
    with pytest.raises(Exception, match="kept changing"):
        api.invoke("clear-cart", purchase(PROD_001=5, PROD_002=2))
    assert mixed_cart.cart["PROD#002"] == 2


def test_concurrent_additions_and_clearings_lose_nothing(mixed_cart, api, concurrently):
    concurrently(
        lambda: api.invoke("clear-cart", purchase("ORDER#1", PROD_001=5)),
        lambda: mixed_cart.add("PROD#001", 3),
        lambda: api.invoke("clear-cart", purchase("ORDER#2", PROD_002=1)),
        lambda: mixed_cart.add("PROD#002", 3),
    )

    assert mixed_cart.cart == {"PROD#001": 3, "PROD#002": 4, "PROD#003": 1}


def test_an_order_of_99_lines_is_cleared_in_one_transaction(jimmy, sell, api):
    products = [f"PROD#{number:03}" for number in range(1, 101)]
    put_rows("Products", [product(each) for each in products])
    stamps = {"addedAt": "2025-10-13T14:10:00.123Z", "updatedAt": "2025-10-13T14:10:00.123Z"}
    put_rows(
        "Carts", [{"userId": JIMMY, "productId": each, "qty": 1, **stamps} for each in products[1:]]
    )
    jimmy.add("PROD#001", 3)

    api.invoke("clear-cart", purchase(**{each.replace("#", "_"): 1 for each in products[:99]}))

    assert jimmy.cart == {"PROD#001": 2, "PROD#100": 1}


def test_lines_of_the_same_product_are_added_up(mixed_cart, api):
    bought = purchase()
    bought["items"] = [{"productId": "PROD#001", "qty": 1}, {"productId": "001", "qty": 2}]

    api.invoke("clear-cart", bought)

    assert mixed_cart.cart["PROD#001"] == 2


def test_lines_left_unprocessed_are_read_again(mixed_cart, api, limit_batches):
    limit_batches("BatchGetItem", 1)

    api.invoke("clear-cart", purchase(PROD_001=5, PROD_002=2))

    limit_batches("BatchGetItem", 100)
    assert mixed_cart.cart == {"PROD#003": 1}


def test_a_failed_clearing_changes_nothing_and_is_retried(mixed_cart, api, limit_batches):
    limit_batches("BatchGetItem", 0)
    with pytest.raises(Exception, match="try again"):
        api.invoke("clear-cart", purchase(PROD_001=5))
    limit_batches("BatchGetItem", 100)
    assert mixed_cart.cart["PROD#001"] == 5

    api.sqs("on-clear-cart", [purchase(PROD_001=5)])
    assert "PROD#001" not in mixed_cart.cart


def test_a_clearing_record_outlives_every_dead_letter(mixed_cart, api):
    api.invoke("clear-cart", purchase("ORDER#1001", PROD_001=1))

    assert row(JIMMY, "KEY#ORDER#1001")["expiresAt"] > time.time() + 180 * 24 * 3600


def test_emptying_a_cart_keeps_its_clearing_records(mixed_cart, api):
    api.invoke("clear-cart", purchase(PROD_001=2))
    mixed_cart.empty()
    mixed_cart.add("PROD#001", 4)

    api.invoke("clear-cart", purchase(PROD_001=2))

    assert mixed_cart.cart == {"PROD#001": 4}


def test_an_invalid_step_input_is_refused(cloud, api):
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
    for malformed in inputs:
        with pytest.raises(StepInputInvalid):
            api.invoke("clear-cart", malformed)


def test_a_bad_message_does_not_block_the_others(mixed_cart, api, queue):
    batch = [
        purchase("ORDER#1", PROD_001=1),
        {"orderId": "ORDER#2"},
        purchase("ORDER#3", PROD_002=2),
    ]

    with pytest.raises(BatchPartlyFailed):
        api.sqs("on-clear-cart", batch, queue="cart-clear-queue")

    assert mixed_cart.cart == {"PROD#001": 4, "PROD#003": 1}
    assert queue("cart-clear-queue") == [{"orderId": "ORDER#2"}]


def test_a_message_that_is_not_json_does_not_block_others(mixed_cart, api):
    with pytest.raises(BatchPartlyFailed):
        api.sqs("on-clear-cart", ["not json", purchase(PROD_001=5)], queue="cart-clear-queue")

    assert "PROD#001" not in mixed_cart.cart


# Guests


@pytest.fixture
def guests_cart(guest, sell):
    """Five of one product and two of another."""
    guest.add(sell("PROD#001"), 5)
    guest.add(sell("PROD#002"), 2)
    return guest


def test_a_guests_order_leaves_the_guests_cart(guests_cart, api):
    bought = purchase(user_id=guests_cart.owner_id, PROD_001=3, PROD_002=2)

    response = api.invoke("clear-cart", bought)
    api.invoke("clear-cart", bought)

    assert response == {"userId": guests_cart.owner_id, "status": "CLEARED"}
    assert guests_cart.cart == {"PROD#001": 2}


def test_what_a_guest_bought_is_not_in_the_cart_after_a_login(guests_cart, jimmy, api):
    """The login comes between the order and its clearing."""
    jimmy.add("PROD#002", 1)
    jimmy.add("PROD#001", 1)
    jimmy.remove("PROD#001")
    jimmy.merge(guests_cart.secret)
    bought = purchase(user_id=guests_cart.owner_id, PROD_001=3, PROD_002=2)

    api.invoke("clear-cart", bought)
    api.invoke("clear-cart", bought)

    assert jimmy.cart == {"PROD#001": 2, "PROD#002": 1}


def test_an_order_takes_no_more_than_the_login_brought(guests_cart, jimmy, api):
    guests_cart.set_quantity("PROD#002", 1)
    jimmy.add("PROD#002", 4)
    jimmy.merge(guests_cart.secret)

    api.invoke("clear-cart", purchase(user_id=guests_cart.owner_id, PROD_002=2))

    assert jimmy.cart == {"PROD#001": 5, "PROD#002": 4}


def test_a_login_while_the_cart_is_cleared_keeps_nothing_bought(
    guests_cart, jimmy, api, before_write
):
    before_write(lambda: jimmy.merge(guests_cart.secret))

    api.invoke("clear-cart", purchase(user_id=guests_cart.owner_id, PROD_001=5, PROD_002=2))

    assert jimmy.cart == {}
