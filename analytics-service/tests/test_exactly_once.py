import random
from collections import Counter
from decimal import Decimal

import pytest
from told import change, inventory_updated, order, order_done, payment

from common import queues, transactions

DAYS = ["2025-10-12", "2025-10-13", "2025-10-14"]
CURRENCIES = ["USD", "EUR"]


def test_a_repeated_record_counts_once(analytics):
    record = change("Orders", None, order())

    analytics.orders(record, record)
    analytics.orders(record)

    assert analytics.types() == ["ORDER_CREATED"]
    assert analytics.counted() == {"ordersCreated": 1}


def test_a_repeated_purchase_counts_once(analytics):
    analytics.done(order_done(), order_done())
    analytics.done(order_done())

    assert analytics.types() == ["ORDER_COMPLETED"]
    assert analytics.counted() == {"ordersCompleted": 1, "unitsSold": 2, "revenue": {"USD": 25.98}}


def test_records_of_two_tables_are_two_events_even_under_one_number(analytics):
    analytics.orders(change("Orders", None, order(), record="1"))
    analytics.payments(change("Payments", None, payment(), record="1"))

    assert sorted(analytics.types()) == ["ORDER_CREATED", "PAYMENT_STARTED"]


def test_a_batch_that_broke_off_and_comes_again_counts_once(analytics):
    messages = [order_done(1), "not json", order_done(2)]
    for _ in range(3):
        with pytest.raises(queues.BatchPartlyFailed):
            analytics.api.sqs("on-order-done", messages, queue="order-done-analytics-queue")

    assert analytics.counted() == {"ordersCompleted": 2, "unitsSold": 4, "revenue": {"USD": 51.96}}


def test_an_event_that_could_not_be_added_up_is_not_logged_either(analytics, queue, monkeypatch):
    record = change("Orders", None, order())

    def contended(*operations):
        raise transactions.TransactionContended("others are faster")

    with monkeypatch.context() as busy:
        busy.setattr(transactions, "write", contended)
        analytics.orders(record)
    assert (analytics.events(), analytics.counted()) == ([], {})

    (parked,) = queue("analytics-queue")
    analytics.queued(parked)
    assert (analytics.types(), analytics.counted()) == (["ORDER_CREATED"], {"ordersCreated": 1})


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_told_in_whatever_order_and_however_often_adds_up(analytics, seed):
    chance = random.Random(seed)
    told = [tell(chance, number) for number in range(25)]
    deliveries = told + chance.choices(told, k=25)
    chance.shuffle(deliveries)
    while deliveries:
        batch = [deliveries.pop() for _ in range(min(len(deliveries), chance.randint(1, 7)))]
        for way in ("orders", "payments", "done", "queued"):
            if things := [thing for by, thing, _, _ in batch if by == way]:
                getattr(analytics, way)(*things)

    for day in DAYS:
        expected: Counter = Counter()
        for _, _, happened, adds in told:
            expected.update(adds if happened == day else {})
        counted = analytics.counted(day)
        revenue = counted.pop("revenue", {})
        assert counted == {
            name: total for name, total in expected.items() if name not in CURRENCIES
        }
        assert revenue == {name: float(expected[name]) for name in CURRENCIES if name in expected}
        rows = analytics.events(day=day, limit=100)
        assert len(rows) == sum(1 for thing in told if thing[2] == day)


def tell(chance, number):
    """By which way, what, of which day, and what it adds to the report."""
    day = chance.choice(DAYS)
    at = f"{day}T{chance.randint(0, 23):02}:30:00.000Z"
    ended = {"FAILED": "ordersFailed", "CANCELLED": "ordersCancelled", "EXPIRED": "ordersExpired"}
    paid = {
        "SUCCEEDED": "paymentsSucceeded",
        "FAILED": "paymentsFailed",
        "REFUNDED": "paymentsRefunded",
    }
    kind = chance.choice(["created", "ended", "paid", "done", "deducted"])
    if kind == "created":
        return "orders", change("Orders", None, order(number, at=at)), day, {"ordersCreated": 1}
    if kind == "ended":
        status = chance.choice(list(ended))
        return (
            "orders",
            change("Orders", order(number), order(number, status, at)),
            day,
            {ended[status]: 1},
        )
    if kind == "paid":
        status = chance.choice(list(paid))
        record = change("Payments", payment(number), payment(number, status, at))
        return chance.choice(["payments", "queued"]), record, day, {paid[status]: 1}
    if kind == "deducted":
        return "queued", inventory_updated(number, at), day, {}
    units, total, currency = (
        chance.randint(1, 9),
        Decimal(chance.randint(1, 9999)) / 100,
        chance.choice(CURRENCIES),
    )
    adds = {"ordersCompleted": 1, "unitsSold": units, currency: total}
    return "done", order_done(number, at, units, str(total), currency), day, adds
