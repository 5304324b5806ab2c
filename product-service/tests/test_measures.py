"""What is counted of reservations."""

from conftest import new_order, refusal


def test_a_reservation_that_finds_too_little_is_a_conflict_and_its_undone_repeat_is_another_kind(
    measured, shop, bowl, order
):
    assert refusal(shop.reserve, order, **{bowl: 6})[0] == "OutOfStock"
    shop.release(order)
    assert refusal(shop.reserve, order, **{bowl: 6})[0] == "ReservationEnded"

    assert measured("ReservationConflicts") == [(1, "OutOfStock"), (1, "ReservationEnded")]


def test_the_last_pieces_are_one_orders_and_the_others_conflict(measured, shop, bowl):
    first, second = new_order(), new_order()
    for _ in range(2):
        shop.reserve(first, **{bowl: 5})
    refusal(shop.reserve, second, **{bowl: 1})

    assert measured("ReservationConflicts") == [(1, "OutOfStock")]


def test_what_is_reserved_is_no_conflict(measured, shop, bowl, order):
    shop.reserve(order, **{bowl: 2})
    shop.commit(order, **{bowl: 2})

    assert measured("ReservationConflicts") == []
