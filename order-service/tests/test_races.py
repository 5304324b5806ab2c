"""Of concurrent changes exactly one succeeds, and the others learn which."""

from functools import partial

import pytest
from botocore.exceptions import ClientError
from order_actors import error_of, run_concurrently
from order_factories import BOWL, row

from testkit.resources import table
from testkit.tokens import JIMMY

ROUNDS = 10


@pytest.fixture
def race(api, jimmy):
    """Run the actions concurrently on many new orders. Yields each id and the results."""

    def run(*actions):
        for _ in range(ROUNDS):
            order_id = jimmy.order((BOWL, 1)).json_body["orderId"]
            yield order_id, *run_concurrently(*(partial(action, order_id) for action in actions))

    return run


@pytest.fixture
def confirm(api):
    """Confirm an order with a payment."""

    def by(order_id, payment_id="PAY#1"):
        return api.invoke("create-order-record", {"orderId": order_id, "paymentId": payment_id})

    return by


@pytest.fixture
def fail(api):
    """Fail an order of Jimmy's."""

    def because(order_id):
        return api.invoke(
            "fail-order", {"orderId": order_id, "userId": JIMMY, "reason": "no answer"}
        )

    return because


def test_an_order_is_cancelled_before_or_after_its_confirmation(race, jimmy, confirm):
    for order_id, cancelled, confirmed in race(jimmy.cancel, confirm):
        if row(order_id)["status"] == "CANCELLED":
            assert cancelled.status_code == 200
            assert type(confirmed).__name__ == "OrderCancelled"
            assert row(order_id)["version"] == 2
        else:
            assert confirmed == {"orderId": order_id, "status": "CONFIRMED"}
            assert (cancelled.status_code, cancelled.json_body["status"]) == (200, "CANCELLING")
            assert [refund["amountMinor"] for refund in row(order_id)["refunds"]] == [1299]


def test_an_order_is_shipped_or_cancelled_never_both(race, jimmy, confirm):
    def ship(order_id):
        """As the conditional write of a shipment."""
        try:
            table("Orders").update_item(
                Key={"orderId": order_id},
                UpdateExpression="SET fulfilmentStatus = :shipped",
                ConditionExpression="#status = :confirmed",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues={":shipped": "FULFILLED", ":confirmed": "CONFIRMED"},
            )
        except ClientError:
            return False
        return True

    def confirm_and_ship(order_id):
        confirm(order_id)
        return ship(order_id)

    for order_id, cancelled, shipped in race(jimmy.cancel, confirm_and_ship):
        if shipped is True:
            assert error_of(cancelled) == (409, "OrderAlreadyShipped")
            assert "refunds" not in row(order_id)
        else:
            assert cancelled.status_code == 200


def test_an_order_fails_or_is_confirmed_and_both_sides_learn_which(race, fail, confirm):
    for order_id, failed, confirmed in race(fail, confirm):
        status = row(order_id)["status"]
        assert failed["status"] == status
        assert (status == "CONFIRMED") == isinstance(confirmed, dict)


def test_two_payments_confirm_an_order_once(race, confirm):
    for order_id, *answers in race(confirm, partial(confirm, payment_id="PAY#2")):
        assert sorted(type(answer).__name__ for answer in answers) == ["OrderNotPayable", "dict"]
        assert row(order_id)["version"] == 2


def test_a_double_click_with_one_key_makes_one_order(jimmy):
    answers = run_concurrently(*[partial(jimmy.order, (BOWL, 2), key="click")] * 8)

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1
    assert table("Orders").scan()["Count"] == 1


def test_two_bodies_with_one_key_at_once_make_one_order(jimmy):
    answers = run_concurrently(
        *(partial(jimmy.order, (BOWL, qty), key="click") for qty in (1, 2, 3, 4))
    )

    assert sorted(answer.status_code for answer in answers) == [201, 422, 422, 422]
    assert table("Orders").scan()["Count"] == 1


def test_an_order_that_fails_while_being_placed_ends_failed(api, catalogue, fail):
    for number in range(ROUNDS):
        order_id = f"ORDER#{number}"
        place = {"orderId": order_id, "userId": JIMMY, "items": [{"productId": BOWL, "qty": 1}]}

        run_concurrently(partial(api.invoke, "validate-order", place), partial(fail, order_id))

        assert row(order_id)["status"] == "FAILED"
