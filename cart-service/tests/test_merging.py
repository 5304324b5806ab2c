"""A guest logs in: the guest's cart goes to the account's, once."""

import time

import pytest
from conftest import BOWL, Guest, fill, product, row, rows

from common import aws

DAY = 24 * 3600
NO_SUCH_CART = {"Code": "CartNotFound", "Message": "there is no such guest cart, or it has expired"}


def merged(taken=None, left=()):
    """Taken: {product: qty}; left: (product, qty, reason)."""
    return {
        "message": "Carts merged",
        "taken": [{"productId": name, "qty": qty} for name, qty in (taken or {}).items()],
        "left": [{"productId": name, "qty": qty, "reason": reason} for name, qty, reason in left],
    }


@pytest.fixture
def shopping(guest, jimmy, sell):
    """The guest has five of one product and two of another, Jimmy one of the second and three of a third."""
    guest.add(sell("PROD#001"), 5)
    guest.add(sell("PROD#002"), 2)
    jimmy.add("PROD#002", 1)
    jimmy.add(sell("PROD#003"), 3)


TOGETHER = {"PROD#001": 5, "PROD#002": 3, "PROD#003": 3}


def test_what_the_guest_chose_is_in_the_customers_cart(guest, jimmy, shopping):
    before, untouched = jimmy.changed("PROD#002"), jimmy.changed("PROD#003")

    answer = jimmy.merge(guest.secret)

    assert (answer.status_code, answer.json_body) == (200, merged({"PROD#001": 5, "PROD#002": 2}))
    assert jimmy.cart == TOGETHER
    assert jimmy.changed("PROD#002") > before
    assert jimmy.changed("PROD#003") == untouched


def test_what_was_taken_expires_no_more(guest, jimmy, shopping):
    jimmy.merge(guest.secret)

    assert all("expiresAt" not in row(jimmy.user_id, product_id) for product_id in TOGETHER)


def test_merging_again_adds_nothing_and_gives_the_same_answer(guest, jimmy, shopping):
    answers = [
        jimmy.merge(guest.secret, key) for key in (None, None, "login-1", "login-1", "login-2")
    ]

    assert [answer.status_code for answer in answers] == [200] * 5
    assert len({str(answer.json_body) for answer in answers}) == 1
    assert jimmy.cart == TOGETHER


def test_merging_again_does_not_bring_back_what_was_taken_out_since(guest, jimmy, shopping):
    first = jimmy.merge(guest.secret)
    jimmy.empty()

    assert jimmy.merge(guest.secret).json_body == first.json_body
    assert jimmy.cart == {}


def test_two_tabs_that_log_in_at_once_merge_once(guest, jimmy, shopping, at_once):
    answers = at_once(*[lambda: jimmy.merge(guest.secret)] * 6)

    assert {answer.status_code for answer in answers} == {200}
    assert len({str(answer.json_body) for answer in answers}) == 1
    assert jimmy.cart == TOGETHER


def test_two_tabs_with_one_key_merge_once(guest, jimmy, shopping, at_once):
    answers = at_once(*[lambda: jimmy.merge(guest.secret, "login-1")] * 6)

    assert {answer.status_code for answer in answers} == {200}
    assert jimmy.cart == TOGETHER


@pytest.mark.parametrize("closed", [False, True])
def test_a_second_tab_that_is_faster_leaves_nothing_to_take(
    guest, jimmy, shopping, before_writing, closed
):
    """The other tab merges before this one has closed the guest's cart, or after it closed it and read its items."""
    before_writing(lambda: jimmy.merge(guest.secret))
    before_writing(lambda: None, times=int(closed))

    assert jimmy.merge(guest.secret).json_body == merged({"PROD#001": 5, "PROD#002": 2})
    assert jimmy.cart == TOGETHER


def test_two_customers_who_know_the_secret_do_not_both_get_the_goods(
    guest, jimmy, anna, bowl, at_once
):
    guest.add(bowl, 5)

    answers = at_once(lambda: jimmy.merge(guest.secret), lambda: anna.merge(guest.secret))

    assert sorted(answer.status_code for answer in answers) == [200, 404]
    assert sorted(map(len, (jimmy.cart, anna.cart))) == [0, 1]


def test_another_customer_who_is_faster_keeps_the_goods(guest, jimmy, anna, bowl, before_writing):
    guest.add(bowl, 5)
    before_writing(lambda: anna.merge(guest.secret))

    assert (jimmy.merge(guest.secret).status_code, jimmy.cart) == (404, {})
    assert (anna.merge(guest.secret).json_body, anna.cart) == (merged({bowl: 5}), {bowl: 5})


def test_a_cart_that_went_to_somebody_else_is_as_one_that_never_was(guest, jimmy, anna, bowl):
    guest.add(bowl, 5)
    jimmy.merge(guest.secret)

    answer = anna.merge(guest.secret)

    assert (answer.status_code, answer.json_body) == (404, NO_SUCH_CART)
    assert anna.cart == {}


def test_a_merged_cart_is_closed(guest, jimmy, bowl):
    guest.add(bowl, 2)
    jimmy.merge(guest.secret)

    for answer in guest.everything():
        assert (answer.status_code, answer.json_body["Code"]) == (410, "GuestCartMerged")
    assert jimmy.cart == {bowl: 2}


def test_what_is_added_while_the_carts_are_merged_is_taken_or_refused(
    guest, jimmy, sell, bowl, before_writing
):
    """The other tab logs in between the look at the guest's cart and the writing of the item."""
    sell("PROD#002")
    guest.add(bowl, 2)
    before_writing(lambda: jimmy.merge(guest.secret))

    answer = guest.add("PROD#002", 3)

    assert (answer.status_code, answer.json_body["Code"]) == (410, "GuestCartMerged")
    assert jimmy.cart == {bowl: 2}
    assert row(guest.row_key, "PROD#002") == {}


def test_adding_and_merging_at_once_lose_nothing(guest, jimmy, bowl, at_once):
    guest.add(bowl, 1)

    *added, answer = at_once(*[lambda: guest.add(bowl, 2)] * 4, lambda: jimmy.merge(guest.secret))

    taken = sum(each.status_code == 200 for each in added)
    assert {each.status_code for each in added} <= {200, 410}
    assert answer.status_code == 200
    assert jimmy.cart == {bowl: 1 + 2 * taken}


def test_what_changes_while_the_carts_are_merged_counts_once(guest, jimmy, bowl, before_writing):
    """A change of the guest's that was let in before the cart was closed, and is written after the merge read the item."""
    guest.add(bowl, 2)
    jimmy.add(bowl, 1)
    late = {**row(guest.row_key, bowl), "qty": 7}
    before_writing(lambda: fill("Carts", [late]))
    before_writing(lambda: None)

    assert jimmy.merge(guest.secret).json_body == merged({bowl: 7})
    assert jimmy.cart == {bowl: 8}


def test_what_is_taken_out_while_the_carts_are_merged_stays_out(
    guest, jimmy, sell, bowl, before_writing
):
    guest.add(bowl, 2)
    guest.add(sell("PROD#002"), 3)
    key = {"userId": {"S": guest.row_key}, "productId": {"S": bowl}}
    before_writing(lambda: aws.client("dynamodb").delete_item(TableName="Carts", Key=key))
    before_writing(lambda: None)

    assert jimmy.merge(guest.secret).json_body == merged({"PROD#002": 3})
    assert jimmy.cart == {"PROD#002": 3}


def test_what_the_customer_adds_meanwhile_is_not_lost(guest, jimmy, bowl, before_writing):
    guest.add(bowl, 2)
    jimmy.add(bowl, 1)
    before_writing(lambda: jimmy.set_quantity(bowl, 10))
    before_writing(lambda: None)

    jimmy.merge(guest.secret)

    assert jimmy.cart == {bowl: 12}


def test_no_more_than_99_of_a_product_are_taken(guest, jimmy, sell, bowl):
    sell("PROD#002")
    guest.add(bowl, 5)
    guest.add("PROD#002", 3)
    jimmy.add(bowl, 97)
    jimmy.add("PROD#002", 99)

    answer = jimmy.merge(guest.secret)

    full = "TooManyOfProduct"
    assert answer.json_body == merged({bowl: 2}, [(bowl, 3, full), ("PROD#002", 3, full)])
    assert jimmy.merge(guest.secret).json_body == answer.json_body
    assert jimmy.cart == {bowl: 99, "PROD#002": 99}


def test_no_more_products_are_taken_than_a_cart_holds(guest, jimmy, hold, sell):
    there, *_ = hold(jimmy.user_id, 460)
    products = [f"PROD#A{number:02}" for number in range(50)]
    fill("Products", [product(each) for each in products])
    guest.add_all([*products, there], 2)

    answer = jimmy.merge(guest.secret)

    left = [(each, 2, "CartFull") for each in products[40:]]
    assert answer.json_body == merged(dict.fromkeys([*products[:40], there], 2), left)
    assert jimmy.merge(guest.secret).json_body == answer.json_body
    assert len(jimmy.cart) == 500
    assert jimmy.cart[there] == 3


def test_what_is_no_longer_on_sale_is_left_and_named(guest, jimmy, sell, bowl):
    for gone in ("PROD#002", "PROD#003"):
        guest.add(sell(gone), 4)
    guest.add(bowl, 2)
    sell("PROD#002", status="ARCHIVED")
    aws.client("dynamodb").delete_item(TableName="Products", Key={"productId": {"S": "PROD#003"}})

    answer = jimmy.merge(guest.secret)

    gone = "ProductNotFound"
    assert answer.json_body == merged({bowl: 2}, [("PROD#002", 4, gone), ("PROD#003", 4, gone)])
    assert jimmy.cart == {bowl: 2}


def test_an_empty_cart_merges_too(guest, jimmy, sell):
    assert jimmy.merge(guest.secret).json_body == merged()
    assert jimmy.cart == {}


def test_several_guest_carts_go_into_one_account(api, guest, jimmy, bowl):
    other = Guest(api)
    guest.add(bowl, 2)
    other.add(bowl, 3)

    for secret in (guest.secret, other.secret, guest.secret, other.secret):
        jimmy.merge(secret)

    assert jimmy.cart == {bowl: 5}


def many(guest):
    """80 products in the guest's cart: more than fit into one transaction."""
    products = [f"PROD#{number:03}" for number in range(1, 81)]
    fill("Products", [product(each) for each in products])
    guest.add_all(products, 2)
    return products


def test_a_cart_of_more_than_a_transaction_holds_is_merged_whole(guest, jimmy, sell):
    products = many(guest)

    answer = jimmy.merge(guest.secret)

    assert answer.json_body == merged(dict.fromkeys(products, 2))
    assert jimmy.cart == dict.fromkeys(products, 2)


def test_a_merge_that_breaks_off_half_way_is_finished_by_the_next(
    guest, jimmy, sell, before_writing
):
    products = many(guest)

    def crash():
        raise RuntimeError("the Lambda dies")

    before_writing(crash)
    before_writing(lambda: None, times=2)
    assert jimmy.merge(guest.secret, "login-1").status_code == 500
    assert 0 < len(jimmy.cart) < 80

    answer = jimmy.merge(guest.secret, "login-1")

    assert answer.json_body == merged(dict.fromkeys(products, 2))
    assert jimmy.cart == dict.fromkeys(products, 2)


def test_many_tabs_share_a_long_merge(guest, jimmy, sell, at_once):
    products = many(guest)

    answers = at_once(*[lambda: jimmy.merge(guest.secret)] * 4)

    assert {answer.status_code for answer in answers} == {200}
    assert jimmy.cart == dict.fromkeys(products, 2)


def test_a_key_used_for_something_else_is_refused(api, guest, jimmy, bowl):
    other = Guest(api)
    guest.add(bowl, 2)
    other.add(bowl, 3)
    jimmy.add(bowl, 1, key="click-1")
    jimmy.merge(guest.secret, "login-1")

    for answer in (
        jimmy.merge(other.secret, "login-1"),
        jimmy.merge(other.secret, "click-1"),
        jimmy.add(bowl, 1, key="login-1"),
    ):
        assert (answer.status_code, answer.json_body["Code"]) == (422, "IdempotencyKeyReused")
    assert (jimmy.cart, other.cart) == ({bowl: 3}, {bowl: 3})


def test_a_key_that_came_with_a_repeat_counts_too(api, guest, jimmy, bowl):
    other = Guest(api)
    jimmy.merge(guest.secret)
    jimmy.merge(guest.secret, "login-1")

    assert jimmy.merge(other.secret, "login-1").status_code == 422


def test_an_account_that_never_stands_still_says_so(guest, jimmy, bowl, before_writing):
    guest.add(bowl, 2)
    jimmy.add(bowl, 1)
    sizes = iter([9, 3] * 50)
    before_writing(lambda: jimmy.set_quantity(bowl, next(sizes)), times=30)

    answer = jimmy.merge(guest.secret)
    assert (answer.status_code, answer.json_body["Code"]) == (503, "CartUnavailable")
    assert "try again" in answer.json_body["Message"]


def test_a_merge_that_was_told_to_come_again_does(guest, jimmy, bowl, before_writing):
    guest.add(bowl, 2)
    jimmy.add(bowl, 1)
    sizes = iter([9, 3] * 7)
    before_writing(lambda: jimmy.set_quantity(bowl, next(sizes)), times=12)
    before_writing(lambda: None)
    assert jimmy.merge(guest.secret).status_code == 503
    jimmy.set_quantity(bowl, 4)

    assert jimmy.merge(guest.secret).json_body == merged({bowl: 2})
    assert jimmy.cart == {bowl: 6}


def test_the_answer_is_kept_for_as_long_as_a_key(guest, jimmy, bowl):
    guest.add(bowl, 2)
    jimmy.merge(guest.secret, "login-1")

    kept = {
        each["productId"]: float(each["expiresAt"]) - time.time() for each in rows(guest.row_key)
    }
    assert set(kept) == {"KEY#GUEST", f"KEY#MERGED#{BOWL}"}
    assert all(6 * DAY < seconds < 8 * DAY for seconds in kept.values())


def test_a_merge_shows_nowhere_in_the_account_but_in_its_items(guest, jimmy, bowl):
    guest.add(bowl, 2)
    jimmy.merge(guest.secret)

    assert [each["productId"] for each in rows(jimmy.user_id)] == [bowl]


def test_a_customer_may_not_merge_for_somebody_else_but_an_admin_may(
    guest, jimmy, anna, admin, bowl
):
    guest.add(bowl, 2)

    refused = anna.merge(guest.secret, userId=jimmy.user_id)
    assert (refused.status_code, refused.json_body["Code"]) == (403, "NotYours")
    assert guest.cart == {bowl: 2}

    assert admin.merge(guest.secret, userId=jimmy.user_id).status_code == 200
    assert jimmy.cart == {bowl: 2}


def test_a_guest_cart_is_bought_as_any_other_once_it_is_merged(guest, jimmy, bowl, api):
    """Checkout takes an account's cart only; the saga's clearing finds the merged items like all others."""
    guest.add(bowl, 5)
    jimmy.merge(guest.secret)

    items = [{"productId": bowl, "qty": 5}]
    api.invoke("clear-cart", {"orderId": "ORDER#1", "userId": jimmy.user_id, "items": items})

    assert jimmy.cart == {}
