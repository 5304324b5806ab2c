"""A guest logs in: the guest's cart goes to the account's, once."""

import time

import pytest
from actors import Guest
from tables import BOWL, product, put_rows, row, rows

from common import aws

DAY = 24 * 3600
NO_SUCH_CART = {"Code": "CartNotFound", "Message": "there is no such guest cart, or it has expired"}


def merged(taken=None, left=()):
    """`taken` is {product: qty}, `left` are (product, qty, reason)."""
    return {
        "message": "Carts merged",
        "taken": [{"productId": name, "qty": qty} for name, qty in (taken or {}).items()],
        "left": [{"productId": name, "qty": qty, "reason": reason} for name, qty, reason in left],
    }


@pytest.fixture
def shopping(guest, jimmy, sell):
    """Guest: 5 of 001, 2 of 002. Jimmy: 1 of 002, 3 of 003."""
    guest.add(sell("PROD#001"), 5)
    guest.add(sell("PROD#002"), 2)
    jimmy.add("PROD#002", 1)
    jimmy.add(sell("PROD#003"), 3)


TOGETHER = {"PROD#001": 5, "PROD#002": 3, "PROD#003": 3}


def test_a_merge_moves_the_guests_items_to_the_account(guest, jimmy, shopping):
    before, untouched = jimmy.updated_at("PROD#002"), jimmy.updated_at("PROD#003")

    response = jimmy.merge(guest.secret)

    assert (response.status_code, response.json_body) == (
        200,
        merged({"PROD#001": 5, "PROD#002": 2}),
    )
    assert jimmy.cart == TOGETHER
    assert jimmy.updated_at("PROD#002") > before
    assert jimmy.updated_at("PROD#003") == untouched


def test_merged_items_no_longer_expire(guest, jimmy, shopping):
    jimmy.merge(guest.secret)

    assert all("expiresAt" not in row(jimmy.user_id, product_id) for product_id in TOGETHER)


def test_a_repeated_merge_adds_nothing_and_gets_the_same_response(guest, jimmy, shopping):
    responses = [
        jimmy.merge(guest.secret, key) for key in (None, None, "login-1", "login-1", "login-2")
    ]

    assert [response.status_code for response in responses] == [200] * 5
    assert len({str(response.json_body) for response in responses}) == 1
    assert jimmy.cart == TOGETHER


def test_a_repeated_merge_does_not_restore_removed_items(guest, jimmy, shopping):
    first = jimmy.merge(guest.secret)
    jimmy.empty()

    assert jimmy.merge(guest.secret).json_body == first.json_body
    assert jimmy.cart == {}


def test_concurrent_merges_of_two_tabs_merge_once(guest, jimmy, shopping, concurrently):
    responses = concurrently(*[lambda: jimmy.merge(guest.secret)] * 6)

    assert {response.status_code for response in responses} == {200}
    assert len({str(response.json_body) for response in responses}) == 1
    assert jimmy.cart == TOGETHER


def test_two_tabs_with_one_key_merge_once(guest, jimmy, shopping, concurrently):
    responses = concurrently(*[lambda: jimmy.merge(guest.secret, "login-1")] * 6)

    assert {response.status_code for response in responses} == {200}
    assert jimmy.cart == TOGETHER


@pytest.mark.parametrize("closed", [False, True])
def test_a_faster_second_tab_leaves_nothing_to_merge(guest, jimmy, shopping, before_write, closed):
    """The other tab merges before this one closes the guest's cart, or after that."""
    before_write(lambda: jimmy.merge(guest.secret))
    before_write(lambda: None, times=int(closed))

    assert jimmy.merge(guest.secret).json_body == merged({"PROD#001": 5, "PROD#002": 2})
    assert jimmy.cart == TOGETHER


def test_only_one_of_two_customers_gets_a_guests_items(guest, jimmy, anna, bowl, concurrently):
    guest.add(bowl, 5)

    responses = concurrently(lambda: jimmy.merge(guest.secret), lambda: anna.merge(guest.secret))

    assert sorted(response.status_code for response in responses) == [200, 404]
    assert sorted(map(len, (jimmy.cart, anna.cart))) == [0, 1]


def test_the_faster_of_two_customers_keeps_the_items(guest, jimmy, anna, bowl, before_write):
    guest.add(bowl, 5)
    before_write(lambda: anna.merge(guest.secret))

    assert (jimmy.merge(guest.secret).status_code, jimmy.cart) == (404, {})
    assert (anna.merge(guest.secret).json_body, anna.cart) == (merged({bowl: 5}), {bowl: 5})


def test_a_cart_merged_into_another_account_is_not_found(guest, jimmy, anna, bowl):
    guest.add(bowl, 5)
    jimmy.merge(guest.secret)

    response = anna.merge(guest.secret)

    assert (response.status_code, response.json_body) == (404, NO_SUCH_CART)
    assert anna.cart == {}


def test_a_merged_cart_is_closed(guest, jimmy, bowl):
    guest.add(bowl, 2)
    jimmy.merge(guest.secret)

    for response in guest.call_every_route():
        assert (response.status_code, response.json_body["Code"]) == (410, "GuestCartMerged")
    assert jimmy.cart == {bowl: 2}


def test_an_item_added_during_a_merge_is_merged_or_refused(guest, jimmy, sell, bowl, before_write):
    """The other tab logs in between reading the guest's cart and writing the item."""
    sell("PROD#002")
    guest.add(bowl, 2)
    before_write(lambda: jimmy.merge(guest.secret))

    response = guest.add("PROD#002", 3)

    assert (response.status_code, response.json_body["Code"]) == (410, "GuestCartMerged")
    assert jimmy.cart == {bowl: 2}
    assert row(guest.owner_id, "PROD#002") == {}


def test_concurrent_additions_and_merge_lose_nothing(guest, jimmy, bowl, concurrently):
    guest.add(bowl, 1)

    *added, response = concurrently(
        *[lambda: guest.add(bowl, 2)] * 4, lambda: jimmy.merge(guest.secret)
    )

    taken = sum(each.status_code == 200 for each in added)
    assert {each.status_code for each in added} <= {200, 410}
    assert response.status_code == 200
    assert jimmy.cart == {bowl: 1 + 2 * taken}


def test_an_item_changed_during_a_merge_counts_once(guest, jimmy, bowl, before_write):
    """The guest's change was let in before the cart closed, and is written late."""
    guest.add(bowl, 2)
    jimmy.add(bowl, 1)
    late = {**row(guest.owner_id, bowl), "qty": 7}
    before_write(lambda: put_rows("Carts", [late]))
    before_write(lambda: None)

    assert jimmy.merge(guest.secret).json_body == merged({bowl: 7})
    assert jimmy.cart == {bowl: 8}


def test_an_item_removed_during_a_merge_is_not_merged(guest, jimmy, sell, bowl, before_write):
    guest.add(bowl, 2)
    guest.add(sell("PROD#002"), 3)
    key = {"userId": {"S": guest.owner_id}, "productId": {"S": bowl}}
    before_write(lambda: aws.client("dynamodb").delete_item(TableName="Carts", Key=key))
    before_write(lambda: None)

    assert jimmy.merge(guest.secret).json_body == merged({"PROD#002": 3})
    assert jimmy.cart == {"PROD#002": 3}


def test_a_change_of_the_account_during_a_merge_is_kept(guest, jimmy, bowl, before_write):
    guest.add(bowl, 2)
    jimmy.add(bowl, 1)
    before_write(lambda: jimmy.set_quantity(bowl, 10))
    before_write(lambda: None)

    jimmy.merge(guest.secret)

    assert jimmy.cart == {bowl: 12}


def test_a_merge_stops_at_99_of_a_product(guest, jimmy, sell, bowl):
    sell("PROD#002")
    guest.add(bowl, 5)
    guest.add("PROD#002", 3)
    jimmy.add(bowl, 97)
    jimmy.add("PROD#002", 99)

    response = jimmy.merge(guest.secret)

    full = "TooManyOfProduct"
    assert response.json_body == merged({bowl: 2}, [(bowl, 3, full), ("PROD#002", 3, full)])
    assert jimmy.merge(guest.secret).json_body == response.json_body
    assert jimmy.cart == {bowl: 99, "PROD#002": 99}


def test_a_merge_stops_at_500_products(guest, jimmy, fill_cart, sell):
    there, *_ = fill_cart(jimmy.user_id, 460)
    products = [f"PROD#A{number:02}" for number in range(50)]
    put_rows("Products", [product(each) for each in products])
    guest.add_all([*products, there], 2)

    response = jimmy.merge(guest.secret)

    left = [(each, 2, "CartFull") for each in products[40:]]
    assert response.json_body == merged(dict.fromkeys([*products[:40], there], 2), left)
    assert jimmy.merge(guest.secret).json_body == response.json_body
    assert len(jimmy.cart) == 500
    assert jimmy.cart[there] == 3


def test_a_merge_skips_and_names_products_not_on_sale(guest, jimmy, sell, bowl):
    for gone in ("PROD#002", "PROD#003"):
        guest.add(sell(gone), 4)
    guest.add(bowl, 2)
    sell("PROD#002", status="ARCHIVED")
    aws.client("dynamodb").delete_item(TableName="Products", Key={"productId": {"S": "PROD#003"}})

    response = jimmy.merge(guest.secret)

    gone = "ProductNotFound"
    assert response.json_body == merged({bowl: 2}, [("PROD#002", 4, gone), ("PROD#003", 4, gone)])
    assert jimmy.cart == {bowl: 2}


def test_an_empty_cart_merges_too(guest, jimmy, sell):
    assert jimmy.merge(guest.secret).json_body == merged()
    assert jimmy.cart == {}


def test_several_guest_carts_merge_into_one_account(api, guest, jimmy, bowl):
    other = Guest(api)
    guest.add(bowl, 2)
    other.add(bowl, 3)

    for secret in (guest.secret, other.secret, guest.secret, other.secret):
        jimmy.merge(secret)

    assert jimmy.cart == {bowl: 5}


def many(guest):
    """80 products in the guest's cart: more than fit into one transaction."""
    products = [f"PROD#{number:03}" for number in range(1, 81)]
    put_rows("Products", [product(each) for each in products])
    guest.add_all(products, 2)
    return products


def test_a_cart_larger_than_a_transaction_is_merged_whole(guest, jimmy, sell):
    products = many(guest)

    response = jimmy.merge(guest.secret)

    assert response.json_body == merged(dict.fromkeys(products, 2))
    assert jimmy.cart == dict.fromkeys(products, 2)


def test_an_interrupted_merge_is_finished_by_the_next(guest, jimmy, sell, before_write):
    products = many(guest)

    def crash():
        raise RuntimeError("the Lambda dies")

    before_write(crash)
    before_write(lambda: None, times=2)
    assert jimmy.merge(guest.secret, "login-1").status_code == 500
    assert 0 < len(jimmy.cart) < 80

    response = jimmy.merge(guest.secret, "login-1")

    assert response.json_body == merged(dict.fromkeys(products, 2))
    assert jimmy.cart == dict.fromkeys(products, 2)


def test_many_tabs_share_a_long_merge(guest, jimmy, sell, concurrently):
    products = many(guest)

    responses = concurrently(*[lambda: jimmy.merge(guest.secret)] * 4)

    assert {response.status_code for response in responses} == {200}
    assert jimmy.cart == dict.fromkeys(products, 2)


def test_a_key_used_for_something_else_is_refused(api, guest, jimmy, bowl):
    other = Guest(api)
    guest.add(bowl, 2)
    other.add(bowl, 3)
    jimmy.add(bowl, 1, key="click-1")
    jimmy.merge(guest.secret, "login-1")

    for response in (
        jimmy.merge(other.secret, "login-1"),
        jimmy.merge(other.secret, "click-1"),
        jimmy.add(bowl, 1, key="login-1"),
    ):
        assert (response.status_code, response.json_body["Code"]) == (422, "IdempotencyKeyReused")
    assert (jimmy.cart, other.cart) == ({bowl: 3}, {bowl: 3})


def test_a_key_sent_with_a_repeat_is_recorded_too(api, guest, jimmy, bowl):
    other = Guest(api)
    jimmy.merge(guest.secret)
    jimmy.merge(guest.secret, "login-1")

    assert jimmy.merge(other.secret, "login-1").status_code == 422


def test_merging_into_a_contended_cart_is_503(guest, jimmy, bowl, before_write):
    guest.add(bowl, 2)
    jimmy.add(bowl, 1)
    sizes = iter([9, 3] * 50)
    before_write(lambda: jimmy.set_quantity(bowl, next(sizes)), times=30)

    response = jimmy.merge(guest.secret)
    assert (response.status_code, response.json_body["Code"]) == (503, "CartUnavailable")
    assert "try again" in response.json_body["Message"]


def test_a_merge_that_was_503_succeeds_later(guest, jimmy, bowl, before_write):
    guest.add(bowl, 2)
    jimmy.add(bowl, 1)
    sizes = iter([9, 3] * 7)
    before_write(lambda: jimmy.set_quantity(bowl, next(sizes)), times=12)
    before_write(lambda: None)
    assert jimmy.merge(guest.secret).status_code == 503
    jimmy.set_quantity(bowl, 4)

    assert jimmy.merge(guest.secret).json_body == merged({bowl: 2})
    assert jimmy.cart == {bowl: 6}


def test_the_merge_result_is_kept_as_long_as_a_key(guest, jimmy, bowl):
    guest.add(bowl, 2)
    jimmy.merge(guest.secret, "login-1")

    kept = {
        each["productId"]: float(each["expiresAt"]) - time.time() for each in rows(guest.owner_id)
    }
    assert set(kept) == {"KEY#GUEST", f"KEY#MERGED#{BOWL}"}
    assert all(6 * DAY < seconds < 8 * DAY for seconds in kept.values())


def test_a_merge_leaves_only_items_in_the_account(guest, jimmy, bowl):
    guest.add(bowl, 2)
    jimmy.merge(guest.secret)

    assert [each["productId"] for each in rows(jimmy.user_id)] == [bowl]


def test_only_an_admin_may_merge_into_another_account(guest, jimmy, anna, admin, bowl):
    guest.add(bowl, 2)

    refused = anna.merge(guest.secret, userId=jimmy.user_id)
    assert (refused.status_code, refused.json_body["Code"]) == (403, "NotYours")
    assert guest.cart == {bowl: 2}

    assert admin.merge(guest.secret, userId=jimmy.user_id).status_code == 200
    assert jimmy.cart == {bowl: 2}


def test_merged_items_are_cleared_after_an_order(guest, jimmy, bowl, api):
    """Checkout takes an account's cart. Clearing finds the merged items there."""
    guest.add(bowl, 5)
    jimmy.merge(guest.secret)

    items = [{"productId": bowl, "qty": 5}]
    api.invoke("clear-cart", {"orderId": "ORDER#1", "userId": jimmy.user_id, "items": items})

    assert jimmy.cart == {}
