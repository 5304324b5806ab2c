"""Putting things into a cart."""

import pytest
from tables import BOWL, row

from testkit.tokens import JIMMY


def test_an_added_product_is_in_the_cart(jimmy, bowl):
    response = jimmy.add(bowl, 2)

    assert response.status_code == 200
    assert response.json_body == {"message": "Added to cart", "productId": BOWL, "qty": 2}
    assert jimmy.cart == {BOWL: 2}


def test_the_requirements_own_example_works(api, tokens, bowl):
    token = tokens.customer("USER#123")

    body = {"userId": "USER#123", "productId": "PROD#001", "quantity": 2}
    added = api.post("/cart", body, token=token).json_body
    cart = api.get("/cart?userId=USER%23123", token=token).json_body

    assert {"message": "Added to cart", "productId": "PROD#001"}.items() <= added.items()
    assert len(cart) == 1
    expected = {"productId": "PROD#001", "name": "Protein Bowl", "qty": 2, "price": 12.99}
    assert expected.items() <= cart[0].items()


def test_adding_again_adds_to_what_is_there(jimmy, bowl):
    jimmy.add(bowl, 2)

    assert jimmy.add(bowl, 3).json_body["qty"] == 5
    assert jimmy.cart == {bowl: 5}


def test_a_product_may_be_named_without_its_prefix(jimmy, bowl):
    assert jimmy.add("001").json_body["productId"] == BOWL
    assert jimmy.cart == {BOWL: 1}


@pytest.mark.parametrize("status", ["ARCHIVED", "DRAFT"])
def test_a_product_not_on_sale_cannot_be_added(jimmy, sell, status):
    sell(BOWL, status=status)

    response = jimmy.add(BOWL)

    assert (response.status_code, response.json_body["Code"]) == (404, "ProductNotFound")
    assert jimmy.cart == {}


def test_an_unknown_product_cannot_be_added(jimmy, bowl):
    response = jimmy.add("PROD#none")

    assert (response.status_code, response.json_body["Code"]) == (404, "ProductNotFound")
    assert jimmy.cart == {}


def test_a_cart_holds_99_of_a_product(jimmy, bowl):
    jimmy.add(bowl, 90)

    assert jimmy.add(bowl, 9).json_body["qty"] == 99


def test_more_than_99_of_a_product_are_refused(jimmy, bowl):
    jimmy.add(bowl, 98)
    before = row(JIMMY, bowl)

    response = jimmy.add(bowl, 2)

    assert (response.status_code, response.json_body["Code"]) == (409, "TooManyOfProduct")
    assert "at most 99" in response.json_body["Message"]
    assert "98" in response.json_body["Message"]
    assert row(JIMMY, bowl) == before


@pytest.mark.parametrize("who", ["jimmy", "guest"])
def test_a_cart_holds_500_products(request, fill_cart, sell, who):
    customer = request.getfixturevalue(who)
    whose = JIMMY if who == "jimmy" else customer.owner_id
    first, *_ = fill_cart(whose, 499)

    assert customer.add(sell("PROD#500")).status_code == 200
    refused = customer.add(sell("PROD#501"))

    assert (refused.status_code, refused.json_body["Code"]) == (409, "CartFull")
    assert "500" in refused.json_body["Message"]
    assert row(whose, "PROD#501") == {}
    assert customer.add(first).json_body["qty"] == 2
    customer.remove(first)
    assert customer.add("PROD#501").status_code == 200


def test_idempotency_records_do_not_count_as_products(jimmy, fill_cart, sell):
    fill_cart(JIMMY, 498)

    for number in (1, 2):
        assert jimmy.add(sell(f"PROD#{number}"), key=f"click-{number}").status_code == 200
    assert jimmy.add(sell("PROD#3"), key="click-3").status_code == 409
    assert jimmy.add("PROD#1", key="click-1").status_code == 200


def test_an_invalid_quantity_is_refused(jimmy, bowl):
    for quantity in (0, -1, 100, 10**30, 1.5, "2", None, True, [], {}, "NaN"):
        response = jimmy.add(bowl, quantity)

        assert (response.status_code, response.json_body["Code"]) == (400, "InvalidBody"), quantity
        assert "quantity" in response.json_body["Message"]
    assert jimmy.cart == {}


def test_an_invalid_product_id_is_refused(jimmy, bowl):
    for product_id in (
        "",
        " ",
        "KEY#1",
        "PROD#",
        "PROD#a/b",
        "x" * 3000,
        "'; DROP TABLE",
        "\u0000",
        7,
        None,
    ):
        response = jimmy.add(product_id)

        assert response.status_code == 400, product_id
        assert response.json_body["Code"] in ("InvalidBody", "InvalidId")


def test_a_malformed_body_is_refused(api, tokens, bowl):
    bodies = ("", "{", "[]", "null", "7", '"cart"', b"\xff\xfe", "[" * 100_000, '{"quantity": 1}')
    for body in bodies:
        response = api.post("/cart", body, token=tokens.customer())

        assert (response.status_code, response.json_body["Code"]) == (400, "InvalidBody"), body[:20]


def test_unknown_fields_of_a_body_are_ignored(jimmy, bowl):
    assert jimmy.add(bowl, price=0.01, qty=50).status_code == 200
    assert jimmy.read().json_body[0]["price"] == 12.99


def test_updated_at_distinguishes_a_cart_from_the_next(jimmy, bowl):
    """Checkout derives an order's id from lines, quantities and `updatedAt`."""
    jimmy.add(bowl, 2)
    first = jimmy.updated_at(bowl)
    jimmy.remove(bowl)
    jimmy.add(bowl, 2)

    assert first < jimmy.updated_at(bowl)


def test_added_at_stays_when_more_is_added(jimmy, bowl):
    jimmy.add(bowl)
    first = row(JIMMY, bowl)
    jimmy.add(bowl)
    second = row(JIMMY, bowl)

    assert second["addedAt"] == first["addedAt"]
    assert second["updatedAt"] > first["updatedAt"]


def test_every_customer_has_their_own_cart(jimmy, anna, bowl):
    jimmy.add(bowl, 2)
    anna.add(bowl, 3)

    assert (jimmy.cart, anna.cart) == ({bowl: 2}, {bowl: 3})


def test_a_concurrent_change_is_kept(jimmy, bowl, before_write):
    jimmy.add(bowl, 2)
    before_write(lambda: jimmy.set_quantity(bowl, 10))

    assert jimmy.add(bowl, 3).json_body["qty"] == 13
    assert jimmy.cart == {bowl: 13}


def test_adding_to_a_contended_item_is_503_and_adds_nothing(jimmy, bowl, before_write):
    jimmy.add(bowl, 1)
    sizes = iter([9, 3] * 50)
    before_write(lambda: jimmy.set_quantity(bowl, next(sizes)), times=30)

    response = jimmy.add(bowl, 3, key="click-1")

    assert (response.status_code, response.json_body["Code"]) == (503, "CartUnavailable")
    assert jimmy.cart[bowl] in (9, 3)


def test_concurrent_additions_are_all_kept(jimmy, bowl, concurrently):
    responses = concurrently(*[lambda: jimmy.add(bowl, 2)] * 8)

    assert sorted(response.json_body["qty"] for response in responses) == [
        2,
        4,
        6,
        8,
        10,
        12,
        14,
        16,
    ]
    assert jimmy.cart == {bowl: 16}


def test_concurrent_additions_never_exceed_99(jimmy, bowl, concurrently):
    jimmy.add(bowl, 75)

    responses = concurrently(*[lambda: jimmy.add(bowl, 10)] * 6)

    assert sorted(response.status_code for response in responses) == [200, 200, 409, 409, 409, 409]
    assert jimmy.cart == {bowl: 95}
