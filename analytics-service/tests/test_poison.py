import json

import pytest
from analytics_factories import NOON, change, inventory_updated, order, order_done, payment

from common import queues


def without(item, field):
    return {name: value for name, value in item.items() if name != field}


def test_an_invalid_record_is_parked_and_the_rest_is_recorded(analytics, queue):
    poison = change("Orders", None, without(order(2), "status"))

    analytics.orders(change("Orders", None, order(1)), poison, change("Orders", None, order(3)))

    assert {row["metadata"]["orderId"] for row in analytics.events()} == {"ORDER#1", "ORDER#3"}
    assert queue("analytics-queue") == [poison]


def test_a_parked_record_counts_once_when_redelivered(analytics):
    record = change("Orders", None, order())

    analytics.queued(record)
    analytics.queued(record)
    analytics.orders(record)

    assert analytics.types() == ["ORDER_CREATED"]
    assert analytics.counted() == {"ordersCreated": 1}


def test_an_invalid_message_is_rejected_and_not_recorded(analytics):
    for poison in [
        "not json",
        '"text"',
        {},
        {"detail-type": "order.done", "detail": {}},
        inventory_updated(2, at="yesterday"),
        inventory_updated(2, at="2025-10-13T12:00:00"),
        {**inventory_updated(2), "detail": {"orderId": "ORDER#2"}},
        change("Orders", None, without(order(2), "status")),
        change("Orders", None, without(order(2), "totalMinor")),
        change("Orders", None, order(2, at="yesterday")),
        change("Orders", None, order(2, currency="SHELLS")),
        change("Payments", None, without(payment(2), "orderId")),
        change("Carts", None, order(2)),
    ]:
        with pytest.raises(queues.BatchPartlyFailed):
            analytics.queued(poison)

    assert analytics.events() == []


def test_an_invalid_message_stays_in_its_queue_and_blocks_no_other(analytics, queue):
    poison = inventory_updated(2, at="yesterday")

    with pytest.raises(queues.BatchPartlyFailed, match="1 of 3"):
        analytics.api.sqs(
            "on-analytics-queue",
            [inventory_updated(1), poison, inventory_updated(3)],
            queue="analytics-queue",
        )

    assert sorted(row["metadata"]["orderId"] for row in analytics.events()) == [
        "ORDER#1",
        "ORDER#3",
    ]
    assert queue("analytics-queue") == [poison]


def test_an_invalid_purchase_is_rejected_and_not_recorded(analytics, queue):
    poison = [
        inventory_updated(2),
        order_done(2, currency="SHELLS"),
        order_done(2, total="25.987"),
        order_done(2, at="yesterday"),
        {**order_done(2), "detail": {**order_done(2)["detail"], "version": 2}},
    ]

    with pytest.raises(queues.BatchPartlyFailed, match="5 of 6"):
        analytics.api.sqs(
            "on-order-done", [*poison, order_done(1)], queue="order-done-analytics-queue"
        )

    assert [row["metadata"]["orderId"] for row in analytics.events()] == ["ORDER#1"]
    assert analytics.counted() == {"ordersCompleted": 1, "unitsSold": 2, "revenue": {"USD": 25.98}}
    left = queue("order-done-analytics-queue")
    assert sorted(map(json.dumps, left)) == sorted(map(json.dumps, poison))


def test_an_item_without_a_time_gets_that_of_the_stream_record(analytics):
    undated = without(without(order(), "updatedAt"), "createdAt")
    analytics.orders(change("Orders", None, undated))

    (row,) = analytics.events(userId=undated["userId"])
    assert row["timestamp"] != NOON
    assert row["timestamp"] == "2025-10-13T14:10:00.000Z"
