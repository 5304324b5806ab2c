"""A customer closes the account: nothing of the cart stays."""

from tables import rows

from common import events
from testkit.tokens import JIMMY


def close(api, user_id=JIMMY, times=1):
    api.sqs("on-account-deleted", [events.to_message(events.account_deleted(user_id))] * times)


def test_only_the_cart_of_the_deleted_account_is_erased(api, jimmy, anna, bowl):
    jimmy.add(bowl, 2, key="k-1")
    anna.add(bowl, 3)

    close(api)

    assert rows(JIMMY) == []
    assert anna.cart == {bowl: 3}


def test_erasing_a_large_cart_is_complete_and_idempotent(api, full_cart):
    close(api, times=3)

    assert rows(JIMMY) == []


def test_a_clearing_after_the_erasure_restores_nothing(api, jimmy, bowl):
    jimmy.add(bowl, 2)
    bought = {"orderId": "ORDER#1", "userId": JIMMY, "items": [{"productId": bowl, "qty": 2}]}
    api.invoke("clear-cart", bought)
    close(api)

    assert api.invoke("clear-cart", bought)["status"] == "CLEARED"
    assert {row["productId"] for row in rows(JIMMY)} == {"KEY#ORDER#1"}
