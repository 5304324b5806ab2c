"""A deleted account buys nothing, though its tokens live for minutes."""

import pytest
from order_actors import error_of
from order_factories import BOWL, row

from testkit.resources import table
from testkit.tokens import JIMMY


@pytest.fixture
def delete_account(catalogue):
    """user-service deletes an account: its tombstone stays."""

    def write_tombstone(user_id=JIMMY):
        key = f"DELETED#{user_id.removeprefix('USER#')}"
        table("Users").put_item(Item={"userId": key, "deletedAt": "2026-11-26T00:00:00.000Z"})

    return write_tombstone


@pytest.fixture
def announce(api):
    """AccountDeleted reaches this service."""

    def deliver(user_id=JIMMY):
        message = {"detail-type": "AccountDeleted", "detail": _detail(user_id)}
        api.sqs("on-account-deleted", [message, message])

    return deliver


def _detail(user_id):
    return {
        "eventId": "EVT#1",
        "version": 1,
        "occurredAt": "2026-11-26T00:00:00.000Z",
        "correlationId": "c-1",
        "userId": user_id,
    }


@pytest.mark.parametrize("key", [None, "k-1"])
def test_a_deleted_account_places_no_order(jimmy, amy, delete_account, key):
    delete_account()

    refused = jimmy.order((BOWL, 1), key=key)

    assert error_of(refused) == (401, "AccountGone")
    assert jimmy.list().json_body == []
    assert amy.order((BOWL, 1)).status_code == 201


def test_a_checkout_of_a_deleted_account_places_no_order(api, delete_account):
    delete_account()
    step = {
        "orderId": "ORDER#1001",
        "userId": JIMMY,
        "items": [{"productId": BOWL, "qty": 2}],
        "method": "CARD",
    }

    with pytest.raises(Exception, match="the account was deleted") as refused:
        api.invoke("validate-order", step)

    assert type(refused.value).__name__ == "AccountGone"
    assert row("ORDER#1001") is None


def test_a_saga_charges_no_deleted_account(api, order, delete_account):
    delete_account()

    for _ in range(2):
        with pytest.raises(Exception, match="cancelled") as refused:
            api.invoke("validate-order", {"orderId": order})
        assert type(refused.value).__name__ == "OrderCancelled"

    assert (row(order)["status"], row(order)["reason"]) == (
        "CANCELLED",
        "the account was deleted",
    )


def test_what_a_deleted_account_has_not_paid_is_cancelled(
    jimmy, amy, order, delete_account, announce
):
    other = amy.order((BOWL, 1)).json_body["orderId"]
    delete_account()

    announce()

    assert (row(order)["status"], row(order)["version"]) == ("CANCELLED", 2)
    assert row(other)["status"] == "CREATED"


def test_what_a_deleted_account_paid_stays_paid(confirmed, delete_account, announce):
    delete_account()

    announce()

    assert row(confirmed)["status"] == "CONFIRMED"


def test_a_payment_in_progress_wins_over_the_deletion(api, order, delete_account, announce):
    delete_account()
    api.invoke("create-order-record", {"orderId": order, "paymentId": "PAY#2001"})

    announce()

    assert row(order)["status"] == "CONFIRMED"
