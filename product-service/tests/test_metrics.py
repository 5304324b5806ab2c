"""The metric of reservation conflicts."""

from steps import error_of, new_order


def test_reservation_conflicts_are_counted_by_cause(measured, shop, bowl, order):
    assert error_of(shop.reserve, order, **{bowl: 6})[0] == "OutOfStock"
    shop.release(order)
    assert error_of(shop.reserve, order, **{bowl: 6})[0] == "ReservationEnded"

    assert measured("ReservationConflicts") == [(1, "OutOfStock"), (1, "ReservationEnded")]


def test_only_the_refused_order_counts_as_a_conflict(measured, shop, bowl):
    first, second = new_order(), new_order()
    for _ in range(2):
        shop.reserve(first, **{bowl: 5})
    error_of(shop.reserve, second, **{bowl: 1})

    assert measured("ReservationConflicts") == [(1, "OutOfStock")]


def test_a_successful_reservation_is_no_conflict(measured, shop, bowl, order):
    shop.reserve(order, **{bowl: 2})
    shop.commit(order, **{bowl: 2})

    assert measured("ReservationConflicts") == []
