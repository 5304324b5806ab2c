import random
from collections import Counter
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from analytics_factories import change, inventory_updated, order, order_done, payment

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


def test_records_of_two_tables_with_one_id_are_two_events(analytics):
    analytics.orders(change("Orders", None, order(), record="1"))
    analytics.payments(change("Payments", None, payment(), record="1"))

    assert sorted(analytics.types()) == ["ORDER_CREATED", "PAYMENT_STARTED"]


def test_a_batch_that_failed_in_part_counts_once_when_retried(analytics):
    messages = [order_done(1), "not json", order_done(2)]
    for _ in range(3):
        with pytest.raises(queues.BatchPartlyFailed):
            analytics.api.sqs("on-order-done", messages, queue="order-done-analytics-queue")

    assert analytics.counted() == {"ordersCompleted": 2, "unitsSold": 4, "revenue": {"USD": 51.96}}


def test_an_event_is_logged_and_counted_or_neither(analytics, queue, monkeypatch):
    record = change("Orders", None, order())

    def contended(*operations):
        raise transactions.TransactionContended("others keep writing")

    with monkeypatch.context() as busy:
        busy.setattr(transactions, "write", contended)
        analytics.orders(record)
    assert (analytics.events(), analytics.counted()) == ([], {})

    (parked,) = queue("analytics-queue")
    analytics.queued(parked)
    assert (analytics.types(), analytics.counted()) == (["ORDER_CREATED"], {"ordersCreated": 1})


@pytest.mark.parametrize("seed", range(4))
def test_any_order_and_any_number_of_deliveries_adds_up(analytics, seed):
    chance = random.Random(seed)
    happened = [random_delivery(chance, number) for number in range(25)]
    deliver(analytics, chance, happened + chance.choices(happened, k=25))

    for day in DAYS:
        of_day = [delivery for delivery in happened if delivery.day == day]
        expected: Counter = Counter()
        for delivery in of_day:
            expected.update(delivery.metrics)
        metrics = analytics.counted(day)
        revenue = metrics.pop("revenue", {})
        assert metrics == {
            name: total for name, total in expected.items() if name not in CURRENCIES
        }
        assert revenue == {name: float(expected[name]) for name in CURRENCIES if name in expected}
        assert len(analytics.events(day=day, limit=100)) == len(of_day)


class Delivery(NamedTuple):
    """A record or message, the consumer that gets it, and what it adds to the report of its day."""

    consumer: str
    payload: dict[str, Any]
    day: str
    metrics: dict[str, Any]


def deliver(analytics, chance, deliveries):
    """Deliver in random order, in random batches."""
    chance.shuffle(deliveries)
    while deliveries:
        batch = [deliveries.pop() for _ in range(min(len(deliveries), chance.randint(1, 7)))]
        for consumer in ("orders", "payments", "done", "queued"):
            payloads = [delivery.payload for delivery in batch if delivery.consumer == consumer]
            if payloads:
                getattr(analytics, consumer)(*payloads)


def random_delivery(chance, number):
    day = chance.choice(DAYS)
    at = f"{day}T{chance.randint(0, 23):02}:30:00.000Z"
    kind = chance.choice([created, ended, paid, purchased, deducted])
    return Delivery(*kind(chance, number, day, at))


def created(chance, number, day, at):
    return "orders", change("Orders", None, order(number, at=at)), day, {"ordersCreated": 1}


def ended(chance, number, day, at):
    metric = {"FAILED": "ordersFailed", "CANCELLED": "ordersCancelled", "EXPIRED": "ordersExpired"}
    status = chance.choice(list(metric))
    record = change("Orders", order(number), order(number, status, at))
    return "orders", record, day, {metric[status]: 1}


def paid(chance, number, day, at):
    metric = {
        "SUCCEEDED": "paymentsSucceeded",
        "FAILED": "paymentsFailed",
        "REFUNDED": "paymentsRefunded",
    }
    status = chance.choice(list(metric))
    record = change("Payments", payment(number), payment(number, status, at))
    return chance.choice(["payments", "queued"]), record, day, {metric[status]: 1}


def purchased(chance, number, day, at):
    units, currency = chance.randint(1, 9), chance.choice(CURRENCIES)
    total = Decimal(chance.randint(1, 9999)) / 100
    metrics = {"ordersCompleted": 1, "unitsSold": units, currency: total}
    return "done", order_done(number, at, units, str(total), currency), day, metrics


def deducted(chance, number, day, at):
    return "queued", inventory_updated(number, at), day, {}
