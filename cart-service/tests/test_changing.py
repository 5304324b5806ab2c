"""Changing how many, taking out, emptying."""

from conftest import path, row

from testkit.tokens import JIMMY


def test_a_quantity_can_be_set(jimmy, bowl):
    jimmy.add(bowl, 2)
    before = jimmy.changed(bowl)

    response = jimmy.set_quantity(bowl, 7)

    assert response.status_code == 200
    assert response.json_body == {"message": "Cart updated", "productId": bowl, "qty": 7}
    assert jimmy.cart == {bowl: 7}
    assert jimmy.changed(bowl) > before


def test_setting_the_same_quantity_again_changes_nothing(jimmy, bowl):
    """Not even the moment: a checkout that was begun before is still that of this cart."""
    jimmy.add(bowl, 2)
    before = row(JIMMY, bowl)

    assert jimmy.set_quantity(bowl, 2).json_body["qty"] == 2
    assert row(JIMMY, bowl) == before


def test_the_quantity_of_what_is_not_in_the_cart_cannot_be_set(jimmy, bowl):
    response = jimmy.set_quantity(bowl, 2)

    assert (response.status_code, response.json_body["Code"]) == (404, "CartItemNotFound")
    assert jimmy.cart == {}


def test_a_quantity_that_cannot_be_meant_is_not_set(jimmy, bowl):
    jimmy.add(bowl, 2)

    for quantity in (0, -1, 100, 1.5, "2", None, True):
        response = jimmy.set_quantity(bowl, quantity)

        assert (response.status_code, response.json_body["Code"]) == (400, "InvalidBody"), quantity
    assert jimmy.cart == {bowl: 2}


def test_an_archived_product_can_be_changed_and_taken_out(jimmy, sell, bowl):
    jimmy.add(bowl, 2)
    sell(bowl, status="ARCHIVED")

    assert jimmy.set_quantity(bowl, 1).status_code == 200
    assert jimmy.remove(bowl).status_code == 200
    assert jimmy.cart == {}


def test_a_product_can_be_taken_out(jimmy, sell, bowl):
    jimmy.add(bowl, 2)
    jimmy.add(sell("PROD#002"))

    response = jimmy.remove(bowl)

    assert response.status_code == 200
    assert response.json_body == {"message": "Removed from cart", "productId": bowl, "qty": 0}
    assert jimmy.cart == {"PROD#002": 1}


def test_taking_out_twice_is_harmless(jimmy, bowl):
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


def test_emptying_an_empty_cart_is_harmless(jimmy, sell):
    assert [jimmy.empty().status_code for _ in range(2)] == [200, 200]


def test_what_dynamodb_leaves_undeleted_is_deleted_after_all(jimmy, full_cart, sparing):
    asked = sparing("BatchWriteItem", 10)

    assert jimmy.empty().status_code == 200
    assert jimmy.cart == {}
    assert asked == [25, 15, 5] * 10


def test_a_cart_that_cannot_be_emptied_whole_says_so_and_can_be_emptied_later(
    jimmy, full_cart, sparing
):
    sparing("BatchWriteItem", 0)
    response = jimmy.empty()
    assert (response.status_code, response.json_body["Code"]) == (503, "CartUnavailable")

    sparing("BatchWriteItem", 25)
    assert jimmy.empty().status_code == 200
    assert jimmy.cart == {}


def test_setting_and_adding_at_once_end_in_one_order_or_the_other(jimmy, bowl, at_once):
    jimmy.add(bowl, 1)

    at_once(lambda: jimmy.add(bowl, 5), lambda: jimmy.set_quantity(bowl, 10))

    assert jimmy.cart[bowl] in (10, 15)


def test_what_is_not_a_way_in_is_refused(jimmy, bowl):
    assert jimmy.api.put(path(bowl), {"quantity": 1}, token=jimmy.token).status_code == 405
