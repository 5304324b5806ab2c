from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import new_order, outcome, refusal


def test_many_who_want_the_last_ones_never_get_more_than_there_are(shop, bowl):
    with ThreadPoolExecutor(12) as pool:
        outcomes = list(
            pool.map(lambda _: outcome(shop.reserve, new_order(), **{bowl: 1}), range(12))
        )

    assert sorted(outcomes) == ["OutOfStock"] * 7 + ["RESERVED"] * 5
    assert shop.stock(bowl) == (0, 5, 0)


def test_repeats_at_the_same_time_reserve_commit_and_release_once(shop, bowl, order):
    with ThreadPoolExecutor(8) as pool:
        for verb, stock in ((shop.reserve, (3, 2, 0)), (shop.commit, (3, 0, 2))):
            assert (
                len(set(pool.map(lambda _, verb=verb: outcome(verb, order, **{bowl: 2}), range(8))))
                == 1
            )
            assert shop.stock(bowl) == stock
        assert set(pool.map(lambda _: outcome(shop.release, order), range(8))) == {"RELEASED"}
    assert shop.stock(bowl) == (5, 0, 0)


def test_whatever_races_the_sums_hold(shop, bowl, order, travel):
    def act(n):
        calls = (
            lambda: outcome(shop.reserve, order, **{bowl: 2}),
            lambda: outcome(shop.commit, order, **{bowl: 2}),
            lambda: outcome(shop.release, order),
            lambda: shop.set_stock(bowl, 4).status_code,
        )
        return calls[n % len(calls)]()

    with ThreadPoolExecutor(8) as pool:
        outcomes = set(pool.map(act, range(32)))

    assert outcomes <= {"RESERVED", "COMMITTED", "RELEASED", "ReservationEnded", 200, 503}
    assert shop.stock(bowl)[1:] == (0, 0)
    assert shop.row("Reservations", orderId=order)["status"] == "RELEASED"


def test_a_commit_between_look_and_release_is_restocked(shop, bowl, order, meanwhile):
    shop.reserve(order, **{bowl: 2})
    meanwhile(lambda: shop.commit(order, **{bowl: 2}))

    shop.release(order)

    assert shop.stock(bowl) == (5, 0, 0)


def test_a_release_between_look_and_commit_ends_the_order(shop, bowl, order, meanwhile, queue):
    shop.reserve(order, **{bowl: 2})
    meanwhile(lambda: shop.release(order))

    assert refusal(shop.commit, order, **{bowl: 2})[0] == "ReservationEnded"
    assert shop.stock(bowl) == (5, 0, 0)
    assert queue("analytics-queue") == []


def test_a_release_between_look_and_reservation_stops_it(shop, bowl, order, meanwhile):
    meanwhile(lambda: shop.release(order))

    assert refusal(shop.reserve, order, **{bowl: 2})[0] == "ReservationEnded"
    assert shop.stock(bowl) == (5, 0, 0)


def test_an_order_paid_while_it_expires_is_paid(shop, bowl, order, meanwhile, travel):
    shop.reserve(order, **{bowl: 2})
    travel(1300)
    meanwhile(lambda: shop.commit(order, **{bowl: 2}))

    assert shop.expire()["failed"] == 0
    assert shop.stock(bowl) == (3, 0, 2)


def test_an_order_that_expires_while_it_is_paid_is_paid(shop, bowl, order, meanwhile, travel):
    shop.reserve(order, **{bowl: 2})
    travel(1300)
    meanwhile(shop.expire)

    assert shop.commit(order, **{bowl: 2})["status"] == "COMMITTED"
    assert shop.stock(bowl) == (3, 0, 2)


@pytest.mark.parametrize("verb", ["reserve", "commit"])
def test_other_transactions_in_the_way_are_waited_for(shop, bowl, order, conflicts, verb):
    conflicts(3)

    getattr(shop, verb)(order, **{bowl: 2})

    assert shop.stock(bowl)[0] == 3


def test_endless_conflicts_are_for_the_state_machine_to_try_again(shop, bowl, order, conflicts):
    conflicts(1000)
    assert refusal(shop.reserve, order, **{bowl: 2})[0] == "StockContended"
    assert refusal(shop.commit, order, **{bowl: 2})[0] == "StockContended"
    assert refusal(shop.release, order)[0] == "StockContended"

    conflicts(0)
    assert shop.reserve(order, **{bowl: 2})["status"] == "RESERVED"
    assert shop.stock(bowl) == (3, 2, 0)
