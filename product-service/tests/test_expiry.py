import pytest
from steps import error_of, new_order

from common import aws
from testkit import resources

LATER = 1960  # seconds; a reservation lasts 1860


def status(shop, order):
    return shop.row("Reservations", orderId=order)["status"]


@pytest.fixture
def expired(shop, bowl, order, set_clock):
    """Of five bowls two were reserved for too long."""
    shop.reserve(order, **{bowl: 2})
    set_clock(LATER)
    assert shop.expire() == {"expired": 1, "failed": 0}
    return order


def test_an_expired_reservation_is_available_again(shop, bowl, expired):
    assert shop.stock(bowl) == (5, 0, 0)
    assert status(shop, expired) == "EXPIRED"
    assert "open" not in shop.row("Reservations", orderId=expired)


def test_a_reservation_expires_once(shop, bowl, expired):
    assert shop.expire() == {"expired": 0, "failed": 0}
    assert shop.stock(bowl) == (5, 0, 0)


def test_a_reservation_that_is_not_overdue_stays(shop, bowl, set_clock):
    early, late = new_order(), new_order()
    shop.reserve(early, **{bowl: 2})
    set_clock(1000)
    shop.reserve(late, **{bowl: 1})

    set_clock(1190)
    assert shop.expire()["expired"] == 0
    set_clock(LATER)
    assert shop.expire()["expired"] == 1
    assert (status(shop, early), status(shop, late)) == ("EXPIRED", "RESERVED")
    assert shop.stock(bowl) == (4, 1, 0)


def test_orders_that_were_paid_or_released_do_not_expire(shop, bowl, set_clock):
    paid, released, direct = new_order(), new_order(), new_order()
    shop.reserve(paid, **{bowl: 1})
    shop.commit(paid, **{bowl: 1})
    shop.reserve(released, **{bowl: 1})
    shop.release(released)
    shop.commit(direct, **{bowl: 1})

    set_clock(LATER)

    assert shop.expire() == {"expired": 0, "failed": 0}
    assert shop.stock(bowl) == (3, 0, 2)


def test_an_expired_order_cannot_reserve_again(shop, bowl, expired):
    assert error_of(shop.reserve, expired, **{bowl: 2})[0] == "ReservationEnded"
    assert shop.stock(bowl) == (5, 0, 0)


def test_a_late_commit_takes_the_goods_again_if_they_are_available(shop, bowl, expired, queue):
    assert shop.commit(expired, **{bowl: 2})["status"] == "COMMITTED"
    shop.commit(expired, **{bowl: 2})

    assert shop.stock(bowl) == (3, 0, 2)
    assert len({message["detail"]["eventId"] for message in queue("analytics-queue")}) == 1


def test_a_late_commit_is_refused_once_others_took_the_goods(shop, bowl, expired, queue):
    shop.reserve(new_order(), **{bowl: 4})

    assert error_of(shop.commit, expired, **{bowl: 2}) == (
        "OutOfStock",
        f"{bowl}: 2 wanted, 1 left",
    )
    assert (shop.stock(bowl), status(shop, expired)) == ((1, 4, 0), "EXPIRED")
    assert queue("analytics-queue") == []


def test_a_release_restocks_a_late_commit(shop, bowl, expired):
    shop.commit(expired, **{bowl: 2})
    shop.release(expired)

    assert shop.stock(bowl) == (5, 0, 0)


def test_releasing_an_expired_reservation_restocks_nothing(shop, bowl, expired):
    assert shop.release(expired)["status"] == "RELEASED"
    assert shop.release(expired)["status"] == "RELEASED"

    assert (shop.stock(bowl), status(shop, expired)) == ((5, 0, 0), "RELEASED")
    assert error_of(shop.commit, expired, **{bowl: 2})[0] == "ReservationEnded"


def test_a_reservation_that_fails_to_expire_stops_no_other(shop, bowl, tea, set_clock):
    orders = [new_order() for _ in range(3)]
    for order, product in zip(orders, (bowl, tea, bowl), strict=True):
        shop.reserve(order, **{product: 1})
    aws.client("dynamodb").delete_item(TableName="Inventory", Key={"productId": {"S": tea}})
    set_clock(LATER)

    assert error_of(shop.expire) == (
        "ExpiryPartlyFailed",
        "1 of 3 reservations could not be expired",
    )

    assert [status(shop, order) for order in orders] == ["EXPIRED", "RESERVED", "EXPIRED"]
    assert shop.stock(bowl) == (5, 0, 0)


def test_a_run_expires_at_most_the_configured_number(shop, bowl, set_clock, monkeypatch):
    monkeypatch.setenv("EXPIRED_PER_RUN", "2")
    for _ in range(5):
        shop.reserve(new_order(), **{bowl: 1})
    set_clock(LATER)

    assert [shop.expire()["expired"] for _ in range(4)] == [2, 2, 1, 0]
    assert shop.stock(bowl) == (5, 0, 0)


def test_the_oldest_of_all_shards_expire_first(shop, set_clock, monkeypatch):
    bowl = shop.create(stock=8)
    monkeypatch.setenv("EXPIRED_PER_RUN", "2")
    orders = []
    for seconds in range(8):
        set_clock(seconds)
        orders.append(new_order())
        shop.reserve(orders[-1], **{bowl: 1})
    set_clock(LATER)

    shop.expire()

    assert [status(shop, order) for order in orders] == ["EXPIRED"] * 2 + ["RESERVED"] * 6


def test_a_reservation_from_before_there_were_shards_expires(shop, bowl, order, set_clock):
    shop.reserve(order, **{bowl: 1})
    row = shop.row("Reservations", orderId=order)
    resources.table("Reservations").put_item(Item={**row, "open": "OPEN"})
    set_clock(LATER)

    assert shop.expire()["expired"] == 1
