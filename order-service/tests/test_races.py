"""Whoever comes second finds what the first one did."""

from functools import partial

import pytest
from tests.people import BOWL, at_once, refusal, row, table

from testkit.tokens import JIMMY

ROUNDS = 10


def new_order(jimmy):
    return jimmy.order((BOWL, 1)).json_body["orderId"]


@pytest.fixture
def race(api, jimmy):
    """Many races of two deeds over a new order each: its id, and what each of the deeds gave."""

    def run(*deeds):
        for _ in range(ROUNDS):
            order_id = jimmy.order((BOWL, 1)).json_body["orderId"]
            yield order_id, *at_once(*(partial(deed, order_id) for deed in deeds))

    return run


@pytest.fixture
def confirm(api):
    """Confirms an order with a payment."""

    def by(order_id, payment_id="PAY#1"):
        return api.invoke("create-order-record", {"orderId": order_id, "paymentId": payment_id})

    return by


@pytest.fixture
def fail(api):
    """Fails an order of Jimmy's."""

    def because(order_id):
        return api.invoke(
            "fail-order", {"orderId": order_id, "userId": JIMMY, "reason": "no answer"}
        )

    return because


def test_an_order_is_cancelled_or_confirmed_never_both(race, jimmy, confirm):
    for order_id, cancelled, confirmed in race(jimmy.cancel, confirm):
        if row(order_id)["status"] == "CANCELLED":
            assert cancelled.status_code == 200
            assert type(confirmed).__name__ == "OrderCancelled"
        else:
            assert refusal(cancelled) == (409, "OrderAlreadyConfirmed")
            assert confirmed == {"orderId": order_id, "status": "CONFIRMED"}
        assert row(order_id)["version"] == 2


def test_an_order_is_failed_or_confirmed_and_both_sides_know_which(race, fail, confirm):
    for order_id, failed, confirmed in race(fail, confirm):
        status = row(order_id)["status"]
        assert failed["status"] == status
        assert (status == "CONFIRMED") == isinstance(confirmed, dict)


def test_two_payments_confirm_an_order_once(race, confirm):
    for order_id, *answers in race(confirm, partial(confirm, payment_id="PAY#2")):
        assert sorted(type(answer).__name__ for answer in answers) == ["OrderNotPayable", "dict"]
        assert row(order_id)["version"] == 2


def test_a_double_click_with_one_key_makes_one_order(jimmy):
    answers = at_once(*[partial(jimmy.order, (BOWL, 2), key="click")] * 8)

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1
    assert table("Orders").scan()["Count"] == 1


def test_two_bodies_with_one_key_at_once_make_one_order(jimmy):
    answers = at_once(*(partial(jimmy.order, (BOWL, qty), key="click") for qty in (1, 2, 3, 4)))

    assert sorted(answer.status_code for answer in answers) == [201, 422, 422, 422]
    assert table("Orders").scan()["Count"] == 1


def test_an_order_that_fails_while_it_is_placed_is_not_left_waiting(api, shelf, fail):
    for number in range(ROUNDS):
        order_id = f"ORDER#{number}"
        place = {"orderId": order_id, "userId": JIMMY, "items": [{"productId": BOWL, "qty": 1}]}

        at_once(partial(api.invoke, "validate-order", place), partial(fail, order_id))

        assert row(order_id)["status"] == "FAILED"
