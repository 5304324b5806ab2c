from concurrent.futures import ThreadPoolExecutor

import pytest
from steps import error_of, new_order, status_or_error


def test_concurrent_reservations_never_oversell(shop, bowl):
    with ThreadPoolExecutor(12) as pool:
        outcomes = list(
            pool.map(lambda _: status_or_error(shop.reserve, new_order(), **{bowl: 1}), range(12))
        )

    assert sorted(outcomes) == ["OutOfStock"] * 7 + ["RESERVED"] * 5
    assert shop.stock(bowl) == (0, 5, 0)


def test_concurrent_repeats_reserve_commit_and_release_once(shop, bowl, order):
    with ThreadPoolExecutor(8) as pool:
        for verb, stock in ((shop.reserve, (3, 2, 0)), (shop.commit, (3, 0, 2))):
            assert (
                len(
                    set(
                        pool.map(
                            lambda _, verb=verb: status_or_error(verb, order, **{bowl: 2}), range(8)
                        )
                    )
                )
                == 1
            )
            assert shop.stock(bowl) == stock
        assert set(pool.map(lambda _: status_or_error(shop.release, order), range(8))) == {
            "RELEASED"
        }
    assert shop.stock(bowl) == (5, 0, 0)


def test_stock_adds_up_under_every_race(shop, bowl, order, set_clock):
    def act(n):
        calls = (
            lambda: status_or_error(shop.reserve, order, **{bowl: 2}),
            lambda: status_or_error(shop.commit, order, **{bowl: 2}),
            lambda: status_or_error(shop.release, order),
            lambda: shop.set_stock(bowl, 4).status_code,
        )
        return calls[n % len(calls)]()

    with ThreadPoolExecutor(8) as pool:
        outcomes = set(pool.map(act, range(32)))

    assert outcomes <= {"RESERVED", "COMMITTED", "RELEASED", "ReservationEnded", 200, 503}
    assert shop.stock(bowl)[1:] == (0, 0)
    assert shop.row("Reservations", orderId=order)["status"] == "RELEASED"


def test_a_commit_during_a_release_is_restocked(shop, bowl, order, before_write):
    shop.reserve(order, **{bowl: 2})
    before_write(lambda: shop.commit(order, **{bowl: 2}))

    shop.release(order)

    assert shop.stock(bowl) == (5, 0, 0)


def test_a_release_during_a_commit_ends_the_reservation(shop, bowl, order, before_write, queue):
    shop.reserve(order, **{bowl: 2})
    before_write(lambda: shop.release(order))

    assert error_of(shop.commit, order, **{bowl: 2})[0] == "ReservationEnded"
    assert shop.stock(bowl) == (5, 0, 0)
    assert queue("analytics-queue") == []


def test_a_release_during_a_reservation_stops_it(shop, bowl, order, before_write):
    before_write(lambda: shop.release(order))

    assert error_of(shop.reserve, order, **{bowl: 2})[0] == "ReservationEnded"
    assert shop.stock(bowl) == (5, 0, 0)


def test_an_order_paid_while_it_expires_is_paid(shop, bowl, order, before_write, set_clock):
    shop.reserve(order, **{bowl: 2})
    set_clock(1960)
    before_write(lambda: shop.commit(order, **{bowl: 2}))

    assert shop.expire()["failed"] == 0
    assert shop.stock(bowl) == (3, 0, 2)


def test_an_order_that_expires_while_it_is_paid_is_paid(shop, bowl, order, before_write, set_clock):
    shop.reserve(order, **{bowl: 2})
    set_clock(1960)
    before_write(shop.expire)

    assert shop.commit(order, **{bowl: 2})["status"] == "COMMITTED"
    assert shop.stock(bowl) == (3, 0, 2)


@pytest.mark.parametrize("verb", ["reserve", "commit"])
def test_transaction_conflicts_are_retried(shop, bowl, order, transaction_conflicts, verb):
    transaction_conflicts(3)

    getattr(shop, verb)(order, **{bowl: 2})

    assert shop.stock(bowl)[0] == 3


def test_endless_conflicts_raise_stock_contended(shop, bowl, order, transaction_conflicts):
    transaction_conflicts(1000)
    assert error_of(shop.reserve, order, **{bowl: 2})[0] == "StockContended"
    assert error_of(shop.commit, order, **{bowl: 2})[0] == "StockContended"
    assert error_of(shop.release, order)[0] == "StockContended"

    transaction_conflicts(0)
    assert shop.reserve(order, **{bowl: 2})["status"] == "RESERVED"
    assert shop.stock(bowl) == (3, 2, 0)
