"""Changing how many, taking out, emptying."""

from actors import item_path
from tables import row

from testkit.tokens import JIMMY


def test_a_quantity_can_be_set(jimmy, bowl):
    jimmy.add(bowl, 2)
    before = jimmy.updated_at(bowl)

    response = jimmy.set_quantity(bowl, 7)

    assert response.status_code == 200
    assert response.json_body == {"message": "Cart updated", "productId": bowl, "qty": 7}
    assert jimmy.cart == {bowl: 7}
    assert jimmy.updated_at(bowl) > before


def test_setting_the_same_quantity_again_changes_nothing(jimmy, bowl):
    """Not even `updatedAt`: a checkout in progress stays valid."""
    jimmy.add(bowl, 2)
    before = row(JIMMY, bowl)

    assert jimmy.set_quantity(bowl, 2).json_body["qty"] == 2
    assert row(JIMMY, bowl) == before


def test_the_quantity_of_an_absent_product_cannot_be_set(jimmy, bowl):
    response = jimmy.set_quantity(bowl, 2)

    assert (response.status_code, response.json_body["Code"]) == (404, "CartItemNotFound")
    assert jimmy.cart == {}


def test_an_invalid_quantity_is_not_set(jimmy, bowl):
    jimmy.add(bowl, 2)

    for quantity in (0, -1, 100, 1.5, "2", None, True):
        response = jimmy.set_quantity(bowl, quantity)

        assert (response.status_code, response.json_body["Code"]) == (400, "InvalidBody"), quantity
    assert jimmy.cart == {bowl: 2}


def test_an_archived_product_can_be_changed_and_removed(jimmy, sell, bowl):
    jimmy.add(bowl, 2)
    sell(bowl, status="ARCHIVED")

    assert jimmy.set_quantity(bowl, 1).status_code == 200
    assert jimmy.remove(bowl).status_code == 200
    assert jimmy.cart == {}


def test_a_product_can_be_removed(jimmy, sell, bowl):
    jimmy.add(bowl, 2)
    jimmy.add(sell("PROD#002"))

    response = jimmy.remove(bowl)

    assert response.status_code == 200
    assert response.json_body == {"message": "Removed from cart", "productId": bowl, "qty": 0}
    assert jimmy.cart == {"PROD#002": 1}


def test_removing_is_idempotent(jimmy, bowl):
    jimmy.add(bowl, 2)

    assert [jimmy.remove(bowl).status_code for _ in range(2)] == [200, 200]


def test_a_path_may_name_a_product_without_its_prefix(jimmy, bowl):
    jimmy.add(bowl, 2)

    assert jimmy.api.patch("/cart/001", {"quantity": 5}, token=jimmy.token).json_body["qty"] == 5
    assert jimmy.api.delete("/cart/001", token=jimmy.token).status_code == 200
    assert jimmy.cart == {}


def test_a_path_reaches_products_and_nothing_else(jimmy, bowl):
    jimmy.add(bowl, 2, key="click-1")

    for product_id in ("KEY#REQUEST#click-1", "PROD#", "USER#1", "x" * 100, "a b"):
        for response in (jimmy.remove(product_id), jimmy.set_quantity(product_id, 5)):
            assert (response.status_code, response.json_body["Code"]) == (400, "InvalidId"), (
                product_id
            )
    assert row(JIMMY, "KEY#REQUEST#click-1")["qty"] == 2


def test_a_cart_of_250_products_can_be_emptied(jimmy, anna, full_cart):
    anna.add(full_cart[0])

    response = jimmy.empty()

    assert (response.status_code, response.json_body) == (200, {"message": "Cart emptied"})
    assert (jimmy.cart, anna.cart) == ({}, {full_cart[0]: 1})


def test_emptying_is_idempotent(jimmy, sell):
    assert [jimmy.empty().status_code for _ in range(2)] == [200, 200]


def test_items_left_unprocessed_are_deleted_again(jimmy, full_cart, limit_batches):
    asked = limit_batches("BatchWriteItem", 10)

    assert jimmy.empty().status_code == 200
    assert jimmy.cart == {}
    assert asked == [25, 15, 5] * 10


def test_a_cart_that_is_emptied_in_part_is_503_and_retryable(jimmy, full_cart, limit_batches):
    limit_batches("BatchWriteItem", 0)
    response = jimmy.empty()
    assert (response.status_code, response.json_body["Code"]) == (503, "CartUnavailable")

    limit_batches("BatchWriteItem", 25)
    assert jimmy.empty().status_code == 200
    assert jimmy.cart == {}


def test_concurrent_set_and_add_take_effect_one_after_the_other(jimmy, bowl, concurrently):
    jimmy.add(bowl, 1)

    concurrently(lambda: jimmy.add(bowl, 5), lambda: jimmy.set_quantity(bowl, 10))

    assert jimmy.cart[bowl] in (10, 15)


def test_a_method_without_a_route_is_refused(jimmy, bowl):
    assert jimmy.api.put(item_path(bowl), {"quantity": 1}, token=jimmy.token).status_code == 405
