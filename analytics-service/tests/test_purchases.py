import json

from analytics_factories import DAY, JIMMY, NOON, inventory_updated, order_done, staff_acted

from common import aws, events


def test_a_purchase_is_logged_with_its_revenue_and_units(analytics):
    analytics.done(order_done())

    (row,) = analytics.events()
    assert row == {
        "eventId": "EVT#1",
        "eventType": "ORDER_COMPLETED",
        "userId": JIMMY,
        "metadata": {
            "orderId": "ORDER#1",
            "paymentId": "PAY#1",
            "units": 2,
            "amount": 25.98,
            "currency": "USD",
        },
        "timestamp": NOON,
    }
    assert analytics.report() == {
        "day": DAY,
        "ordersCreated": 0,
        "ordersCompleted": 1,
        "ordersFailed": 0,
        "ordersCancelled": 0,
        "ordersExpired": 0,
        "paymentsSucceeded": 0,
        "paymentsFailed": 0,
        "paymentsRefunded": 0,
        "disputesOpened": 0,
        "disputesWon": 0,
        "disputesLost": 0,
        "unitsSold": 2,
        "revenue": {"USD": 25.98},
        "refunded": {},
        "lost": {},
    }


def test_revenue_is_exact_and_kept_by_currency(analytics):
    analytics.done(*[order_done(number, units=1, total="0.10") for number in range(1, 4)])
    analytics.done(
        order_done(4, units=1, total="12", currency="EUR"),
        order_done(5, total="500", currency="JPY"),
    )

    assert analytics.counted() == {
        "ordersCompleted": 5,
        "unitsSold": 6,
        "revenue": {"EUR": 12.00, "JPY": 500, "USD": 0.30},
    }


def test_a_deduction_from_stock_is_logged_and_not_counted_as_sold(analytics):
    analytics.queued(inventory_updated())
    analytics.done(order_done())

    (row,) = analytics.events(type="INVENTORY_UPDATED")
    expected = {"orderId": "ORDER#1", "units": 2, "items": [{"productId": "PROD#001", "qty": 2}]}
    assert row["metadata"] == expected
    assert "userId" not in row
    assert analytics.report()["unitsSold"] == 2


def test_an_act_of_staff_is_logged_once_with_before_and_after(analytics):
    analytics.queued(staff_acted(), staff_acted())

    (row,) = analytics.events(type="STAFF_ACTED")
    assert (row["userId"], row["metadata"]["role"]) == ("USER#01STAFF", "support")
    (change,) = json.loads(row["metadata"]["changes"])
    assert (change["before"], change["after"]) == ({"status": "CREATED"}, {"status": "CANCELLED"})


def test_an_act_of_staff_on_the_bus_arrives_in_the_queue(queue):
    message = staff_acted()
    entry = {"EventBusName": events.BUS, "Source": message["source"]}
    entry |= {"DetailType": message["detail-type"], "Detail": json.dumps(message["detail"])}
    aws.client("events").put_events(Entries=[entry])

    assert [each["detail"]["actId"] for each in queue("analytics-queue")] == ["ACT#1"]


def test_a_purchase_on_the_bus_arrives_in_the_queue(queue):
    message = order_done()
    aws.client("events").put_events(
        Entries=[
            {
                "EventBusName": events.BUS,
                "Source": message["source"],
                "DetailType": message["detail-type"],
                "Detail": json.dumps(message["detail"]),
            }
        ]
    )
    events.publish(events.create(events.OrderCancelled, order_id="ORDER#1", user_id=JIMMY))

    (arrived,) = queue("order-done-analytics-queue")
    assert arrived["detail"] == message["detail"]
