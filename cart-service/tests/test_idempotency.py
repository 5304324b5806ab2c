"""The same request again, with its Idempotency-Key."""

import time

from tables import row

from testkit.tokens import JIMMY


def test_a_repeat_adds_nothing_and_gets_the_same_response(jimmy, bowl):
    first = jimmy.add(bowl, 2, key="click-1")
    jimmy.add(bowl, 5)
    second = jimmy.add(bowl, 2, key="click-1")

    assert (second.status_code, second.json_body) == (200, first.json_body)
    assert jimmy.cart == {bowl: 7}


def test_a_repeat_gets_its_response_after_the_product_is_archived(jimmy, sell, bowl):
    first = jimmy.add(bowl, 2, key="click-1")
    sell(bowl, status="ARCHIVED")

    assert jimmy.add(bowl, 2, key="click-1").json_body == first.json_body


def test_a_repeat_may_be_spelled_differently(jimmy, bowl):
    jimmy.add(bowl, 2, key="click-1")

    assert jimmy.add("001", 2, key="click-1", userId=JIMMY, note="again").status_code == 200
    assert jimmy.cart == {bowl: 2}


def test_a_key_used_for_something_else_is_refused(jimmy, sell, bowl):
    sell("PROD#002")
    jimmy.add(bowl, 2, key="click-1")

    for other in (("PROD#001", 3), ("PROD#002", 2)):
        response = jimmy.add(*other, key="click-1")

        assert (response.status_code, response.json_body["Code"]) == (
            422,
            "IdempotencyKeyReused",
        ), other
    assert jimmy.cart == {bowl: 2}


def test_another_key_is_another_request(jimmy, bowl):
    jimmy.add(bowl, 2, key="click-1")
    jimmy.add(bowl, 2, key="click-2")

    assert jimmy.cart == {bowl: 4}


def test_a_key_is_its_owners_alone(jimmy, anna, bowl):
    jimmy.add(bowl, 2, key="click-1")
    anna.add(bowl, 3, key="click-1")

    assert (jimmy.cart, anna.cart) == ({bowl: 2}, {bowl: 3})


def test_a_refused_request_does_not_use_its_key(jimmy, bowl):
    jimmy.add(bowl, 99)
    assert jimmy.add(bowl, 2, key="click-1").status_code == 409
    jimmy.remove(bowl)

    assert jimmy.add(bowl, 2, key="click-1").json_body["qty"] == 2


def test_a_double_click_adds_once(jimmy, bowl, concurrently):
    responses = concurrently(*[lambda: jimmy.add(bowl, 2, key="click-1")] * 8)

    assert {response.status_code for response in responses} == {200}
    assert {response.json_body["qty"] for response in responses} == {2}
    assert jimmy.cart == {bowl: 2}


def test_a_key_is_kept_for_more_than_a_day_and_is_not_listed(jimmy, bowl):
    jimmy.add(bowl, 2, key="click-1")

    assert row(JIMMY, "KEY#REQUEST#click-1")["expiresAt"] >= time.time() + 24 * 3600
    assert jimmy.cart == {bowl: 2}


def test_emptying_a_cart_keeps_its_idempotency_records(jimmy, bowl):
    jimmy.add(bowl, 2, key="click-1")
    jimmy.empty()

    jimmy.add(bowl, 2, key="click-1")

    assert jimmy.cart == {}


def test_a_key_cannot_pass_for_an_order(jimmy, bowl, api):
    """The clearing after an order takes place in spite of a key like its id."""
    jimmy.add(bowl, 2, key="ORDER#1001")

    api.invoke(
        "clear-cart",
        {"orderId": "ORDER#1001", "userId": JIMMY, "items": [{"productId": bowl, "qty": 2}]},
    )

    assert jimmy.cart == {}


def test_an_invalid_key_is_refused(jimmy, bowl):
    for key in (" ", "two words", "x" * 129):
        response = jimmy.add(bowl, key=key)

        assert (response.status_code, response.json_body["Code"]) == (
            400,
            "InvalidIdempotencyKey",
        ), key
    assert jimmy.cart == {}
