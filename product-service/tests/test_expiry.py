import pytest
from conftest import new_order, refusal

from common import aws

LATER = 1300  # seconds; a reservation lasts 1200


def status(shop, order):
    return shop.row("Reservations", orderId=order)["status"]


@pytest.fixture
def expired(shop, bowl, order, travel):
    """Of five bowls two were reserved for too long."""
    shop.reserve(order, **{bowl: 2})
    travel(LATER)
    assert shop.expire() == {"expired": 1, "failed": 0}
    return order


def test_what_is_reserved_for_too_long_is_available_again(shop, bowl, expired):
    assert shop.stock(bowl) == (5, 0, 0)
    assert status(shop, expired) == "EXPIRED"
    assert "open" not in shop.row("Reservations", orderId=expired)


def test_what_has_expired_does_not_expire_again(shop, bowl, expired):
    assert shop.expire() == {"expired": 0, "failed": 0}
    assert shop.stock(bowl) == (5, 0, 0)


def test_a_reservation_whose_time_is_not_over_stays(shop, bowl, travel):
    early, late = new_order(), new_order()
    shop.reserve(early, **{bowl: 2})
    travel(1000)
    shop.reserve(late, **{bowl: 1})

    travel(1190)
    assert shop.expire()["expired"] == 0
    travel(LATER)
    assert shop.expire()["expired"] == 1
    assert (status(shop, early), status(shop, late)) == ("EXPIRED", "RESERVED")
    assert shop.stock(bowl) == (4, 1, 0)


def test_orders_that_were_paid_or_released_do_not_expire(shop, bowl, travel):
    paid, released, direct = new_order(), new_order(), new_order()
    shop.reserve(paid, **{bowl: 1})
    shop.commit(paid, **{bowl: 1})
    shop.reserve(released, **{bowl: 1})
    shop.release(released)
    shop.commit(direct, **{bowl: 1})

    travel(LATER)

    assert shop.expire() == {"expired": 0, "failed": 0}
    assert shop.stock(bowl) == (3, 0, 2)


def test_an_order_that_expired_does_not_reserve_again(shop, bowl, expired):
    assert refusal(shop.reserve, expired, **{bowl: 2})[0] == "ReservationEnded"
    assert shop.stock(bowl) == (5, 0, 0)


def test_an_order_paid_a_moment_too_late_still_gets_its_goods_if_they_are_there(
    shop, bowl, expired, queue
):
    assert shop.commit(expired, **{bowl: 2})["status"] == "COMMITTED"
    shop.commit(expired, **{bowl: 2})

    assert shop.stock(bowl) == (3, 0, 2)
    assert len({message["detail"]["eventId"] for message in queue("analytics-queue")}) == 1


def test_an_order_paid_too_late_gets_nothing_once_others_took_its_goods(shop, bowl, expired, queue):
    shop.reserve(new_order(), **{bowl: 4})

    assert refusal(shop.commit, expired, **{bowl: 2}) == ("OutOfStock", f"{bowl}: 2 wanted, 1 left")
    assert (shop.stock(bowl), status(shop, expired)) == ((1, 4, 0), "EXPIRED")
    assert queue("analytics-queue") == []


def test_a_late_commit_is_restocked_by_a_release(shop, bowl, expired):
    shop.commit(expired, **{bowl: 2})
    shop.release(expired)

    assert shop.stock(bowl) == (5, 0, 0)


def test_releasing_what_expired_gives_nothing_back_twice(shop, bowl, expired):
    assert shop.release(expired)["status"] == "RELEASED"
    assert shop.release(expired)["status"] == "RELEASED"

    assert (shop.stock(bowl), status(shop, expired)) == ((5, 0, 0), "RELEASED")
    assert refusal(shop.commit, expired, **{bowl: 2})[0] == "ReservationEnded"


def test_a_reservation_that_cannot_be_given_back_holds_up_no_other(shop, bowl, tea, travel):
    orders = [new_order() for _ in range(3)]
    for order, product in zip(orders, (bowl, tea, bowl), strict=True):
        shop.reserve(order, **{product: 1})
    aws.client("dynamodb").delete_item(TableName="Inventory", Key={"productId": {"S": tea}})
    travel(LATER)

    assert refusal(shop.expire) == (
        "ExpiryPartlyFailed",
        "1 of 3 reservations could not be given back",
    )

    assert [status(shop, order) for order in orders] == ["EXPIRED", "RESERVED", "EXPIRED"]
    assert shop.stock(bowl) == (5, 0, 0)


def test_a_run_does_no_more_than_the_stage_allows_and_the_next_one_goes_on(
    shop, bowl, travel, monkeypatch
):
    monkeypatch.setenv("EXPIRED_PER_RUN", "2")
    for _ in range(5):
        shop.reserve(new_order(), **{bowl: 1})
    travel(LATER)

    assert [shop.expire()["expired"] for _ in range(4)] == [2, 2, 1, 0]
    assert shop.stock(bowl) == (5, 0, 0)
