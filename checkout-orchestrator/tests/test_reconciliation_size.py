"""What the reconciliation of a busy day holds and calls, and how it goes on."""

from itertools import islice

import pytest
from tests.busy_day import BusyDay, ReservationList, order_id
from tests.checkout_shop import BOWL, ORDER, PAYMENT
from tests.order_records import OTHER

from chalicelib.reconciliation import stock_checks
from chalicelib.reconciliation.itinerary import list_stops
from chalicelib.reconciliation.period import parse_period
from chalicelib.reconciliation.positions import Position, format_position, parse_position
from chalicelib.reconciliation.sources import list_sources


def walk(start=None):
    """What is checked from there on."""
    period = parse_period(None, 1)
    return list_stops(list(list_sources(period)), start or Position(), period)


def checked(stops):
    return [stop.order_id for stop in stops if stop.order_id]


def walk_day(orders, monkeypatch):
    """Reconcile a day of so many orders: the day, and how many were checked."""
    day = BusyDay(orders, monkeypatch)
    return day, sum(1 for stop in walk() if stop.order_id)


def test_ten_times_the_orders_hold_no_more_rows(monkeypatch):
    """At ten times the calls, seven for a hundred orders."""
    small, _ = walk_day(2_000, monkeypatch)
    large, orders = walk_day(20_000, monkeypatch)

    assert orders == 20_000
    assert large.peak <= small.peak <= 500
    assert large.calls["gateway"] == 200
    assert large.calls.total() <= 7 * 200 + 100
    assert large.calls.total() <= 10 * small.calls.total()


def test_each_paid_order_is_checked_once(monkeypatch):
    BusyDay(1_234, monkeypatch)

    assert sorted(checked(walk())) == [order_id(number) for number in range(1_234)]


def test_a_run_goes_on_where_the_last_one_ended(monkeypatch):
    BusyDay(250, monkeypatch)
    seen, position = [], Position()
    while position:
        stops = walk(parse_position(format_position(position)))
        seen += checked(islice(stops, 7))
        position = next((stop.position for stop in stops), None)

    assert sorted(seen) == [order_id(number) for number in range(250)]


def test_intents_that_no_gateway_lists_are_looked_for_one_by_one(monkeypatch):
    day = BusyDay(300, monkeypatch)
    day.unlisted = {order_id(7), order_id(207)}

    assert day.unlisted <= set(checked(walk()))


def test_reservations_of_any_number_are_added_up_page_by_page(records, monkeypatch):
    sums = {}
    for rows in (2_000, 20_000):
        table = ReservationList(rows, BOWL, monkeypatch)
        records.store_stock(available=0, sold=rows)
        discrepancies = []
        stock_checks.check_full_stock(None, lambda: True, discrepancies.extend)
        assert discrepancies == []
        sums[rows] = table

    assert (sums[2_000].calls, sums[20_000].calls) == (2, 20)
    assert sums[20_000].peak <= sums[2_000].peak + 1


@pytest.fixture
def small_pages(monkeypatch):
    """Two products, and one reservation or movement, at a time."""
    monkeypatch.setattr(stock_checks, "GROUP_SIZE", 2)
    monkeypatch.setattr(stock_checks, "PAGE_SIZE", 1)


def reports(records, **request):
    """All reports of runs without time, each from where the last one ended."""
    cursor = None
    for _ in range(200):
        report = records.report_without_time(next=cursor, **request)
        yield report
        cursor = report["next"]
        if cursor is None:
            return
    raise AssertionError("the runs do not end")


def test_stock_is_added_up_over_many_runs(records, small_pages):
    for number in range(5):
        records.store_stock(f"PROD#{number}", available=8, sold=1 if number == 3 else 0)
    records.store_movement(9, "PROD#4")
    records.complete_purchase()

    listed = [
        (discrepancy["kind"], discrepancy["productId"])
        for report in reports(records, fullStock=True)
        for discrepancy in report["discrepancies"]
    ]

    assert sorted(listed) == [
        ("MovementsDoNotAddUp", "PROD#4"),
        ("SoldDoesNotAddUp", BOWL),
        ("SoldDoesNotAddUp", "PROD#3"),
    ]


def test_orders_of_more_than_a_page_are_checked_each_once(records, monkeypatch):
    for module in ("orders", "inventory"):
        monkeypatch.setattr(f"chalicelib.readmodels.{module}.PAGE_LIMIT", 2)
    names = [f"{ORDER[:-1]}{place}" for place in range(1, 6)]
    for name in names:
        records.store_order(name)
    records.store_reservation("RESERVED", f"{ORDER[:-1]}9", expires_in=-301)

    listed = [
        discrepancy["orderId"]
        for report in reports(records)
        for discrepancy in report["discrepancies"]
        if discrepancy["kind"] == "OrderStuck"
    ]

    assert sorted(listed) == names
    assert records.report()["orders"] == len(names) + 1


def test_a_payment_near_midnight_is_checked_once(records):
    records.complete_purchase()
    for begun in ("T00:00:01.000Z", "T23:59:59.000Z"):
        records.change("Payments", {"paymentId": PAYMENT}, createdAt=f"{records.today()}{begun}")
        assert records.report()["orders"] == 1


def test_an_order_whose_intent_is_of_the_next_day_is_checked(records):
    records.complete_purchase()
    records.store_reservation("RELEASED")
    night = f"{records.yesterday()}T23:59:59.000Z"
    placed = {"placedOn": f"{records.yesterday()}#3", "createdAt": night}
    records.set_status("CONFIRMED", **placed)
    records.change("Payments", {"paymentId": PAYMENT}, createdAt=night)

    assert "StockNotDeducted" in records.kinds(day=None)


def test_a_next_of_another_period_is_refused(records):
    with pytest.raises(Exception, match="next: "):
        records.report(next='{"source": "placed 2020-01-01#0"}')
    with pytest.raises(Exception, match="next: "):
        records.report(next="ORDER#1")


def test_a_full_report_ends_its_run(records, monkeypatch):
    monkeypatch.setattr("chalicelib.reconciliation.service.MAX_FINDINGS", 1)
    records.store_order()
    records.store_order(OTHER)

    report = records.report()

    assert len(report["discrepancies"]) == 1
    assert len(records.report(next=report["next"])["discrepancies"]) == 1
