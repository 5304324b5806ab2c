import json

import pytest
from analytics_factories import DAY, JIMMY, NOON, change, order, payment, stock
from boto3.dynamodb.types import TypeSerializer

from common import aws
from testkit.service_client import stream_records


def test_a_new_order_is_logged_and_counted(analytics):
    analytics.orders(change("Orders", None, order()))

    (row,) = analytics.events()
    assert row.pop("eventId").startswith("EVT#")
    assert row == {
        "eventType": "ORDER_CREATED",
        "userId": JIMMY,
        "metadata": {"orderId": "ORDER#1", "amount": 25.98, "currency": "USD"},
        "timestamp": NOON,
    }
    assert analytics.counted() == {"ordersCreated": 1}


@pytest.mark.parametrize(
    ("status", "event_type", "counted"),
    [
        ("CONFIRMED", "ORDER_CONFIRMED", {}),
        ("FAILED", "ORDER_FAILED", {"ordersFailed": 1}),
        ("CANCELLED", "ORDER_CANCELLED", {"ordersCancelled": 1}),
        ("EXPIRED", "ORDER_EXPIRED", {"ordersExpired": 1}),
    ],
)
def test_the_end_of_an_order_is_logged_and_counted(analytics, status, event_type, counted):
    analytics.orders(change("Orders", order(), order(status=status, reason="declined")))

    (row,) = analytics.events()
    assert (row["eventType"], row["metadata"]["reason"]) == (event_type, "declined")
    assert analytics.counted() == counted


@pytest.mark.parametrize(
    ("status", "event_type", "counted"),
    [
        ("STARTED", "PAYMENT_STARTED", {}),
        ("SUCCEEDED", "PAYMENT_SUCCEEDED", {"paymentsSucceeded": 1}),
        ("FAILED", "PAYMENT_FAILED", {"paymentsFailed": 1}),
        ("VOIDED", "PAYMENT_VOIDED", {}),
        ("REFUNDED", "PAYMENT_REFUNDED", {"paymentsRefunded": 1}),
    ],
)
def test_a_payments_status_is_logged_and_counted(analytics, status, event_type, counted):
    analytics.payments(change("Payments", None, payment(status=status)))

    (row,) = analytics.events()
    assert (row["eventType"], row["userId"]) == (event_type, JIMMY)
    expected = {
        "orderId": "ORDER#1",
        "paymentId": "PAY#1",
        "amount": 25.98,
        "currency": "USD",
        "method": "CARD",
    }
    assert row["metadata"] == expected
    assert analytics.counted() == counted


def test_a_payment_voided_before_it_started_is_logged_without_amount(analytics):
    voided = {
        "paymentId": "PAY#1",
        "orderId": "ORDER#1",
        "status": "VOIDED",
        "createdAt": NOON,
        "updatedAt": NOON,
    }
    analytics.payments(change("Payments", None, voided))

    (row,) = analytics.events()
    assert row["metadata"] == {"orderId": "ORDER#1", "paymentId": "PAY#1"}
    assert "userId" not in row


def test_secrets_of_a_payment_never_get_into_the_log(analytics):
    for status in (
        "STARTED",
        "REQUIRES_ACTION",
        "SUCCEEDED",
        "FAILED",
        "VOIDED",
        "REFUNDING",
        "REFUNDED",
    ):
        analytics.payments(change("Payments", None, payment(status=status)))
    analytics.orders(change("Orders", None, order(paymentMethod="pm_secret_method")))

    items = aws.client("dynamodb").scan(TableName="EventLogs")["Items"]
    assert len(items) == 6
    assert "secret" not in json.dumps(items)


@pytest.mark.parametrize(
    ("old", "new", "deltas"),
    [
        (None, stock(50), (50, 0, 0)),
        (stock(50), stock(48, 2), (-2, 2, 0)),
        (stock(48, 2), stock(48, 0, 2), (0, -2, 2)),
        (stock(48, 2), stock(50), (2, -2, 0)),
        (stock(50), None, (-50, 0, 0)),
    ],
)
def test_a_change_of_stock_is_logged_with_its_deltas(analytics, old, new, deltas):
    analytics.inventory(change("Inventory", old, new))

    (row,) = analytics.events(type="STOCK_CHANGED")
    available, reserved, sold = deltas
    expected = {"productId": "PROD#001", "available": available, "reserved": reserved, "sold": sold}
    assert row["metadata"] == expected
    assert analytics.counted() == {}


def test_a_change_that_is_no_event_leaves_no_row(analytics):
    analytics.orders(
        change("Orders", order(), order(at=f"{DAY}T13:00:00.000Z", version=2)),
        change("Orders", order(), None),
        change("Orders", order(), order(status="A_STATUS_OF_TOMORROW")),
    )
    analytics.payments(
        change("Payments", payment(), payment(status="REQUIRES_ACTION")),
        change(
            "Payments", payment(status="SUCCEEDED"), payment(status="SUCCEEDED", refundId="re_1")
        ),
        change("Payments", payment(status="SUCCEEDED"), payment(status="REFUNDING")),
    )
    analytics.inventory(change("Inventory", stock(5), stock(5, at=f"{DAY}T13:00:00.000Z")))

    assert analytics.events() == []
    assert analytics.counted() == {}


def test_a_late_record_counts_for_the_day_on_which_it_happened(analytics):
    late, next_day = f"{DAY}T23:59:59.999Z", "2025-10-14"
    analytics.orders(
        change("Orders", order(2), order(2, "FAILED", f"{next_day}T00:00:00.000Z")),
        change("Orders", order(1), order(1, "CANCELLED", late)),
        change("Orders", None, order(1)),
    )

    assert analytics.types(day=DAY) == ["ORDER_CANCELLED", "ORDER_CREATED"]
    assert analytics.types(day=next_day) == ["ORDER_FAILED"]
    assert analytics.counted(DAY) == {"ordersCancelled": 1, "ordersCreated": 1}
    assert analytics.counted(next_day) == {"ordersFailed": 1}


def test_a_time_in_another_zone_counts_for_its_day_in_utc(analytics):
    analytics.orders(change("Orders", None, order(at="2025-10-14T01:00:00+02:00")))

    (row,) = analytics.events(day=DAY)
    assert row["timestamp"] == f"{DAY}T23:00:00.000Z"


def test_records_of_the_owners_streams_are_understood(analytics, other_tables):
    other_tables("Orders", "Payments", "Inventory")
    serialize = TypeSerializer().serialize
    for table, items in {
        "Orders": [order(), order(status="CONFIRMED", at=f"{DAY}T13:00:00.000Z")],
        "Payments": [payment(), payment(status="SUCCEEDED", at=f"{DAY}T13:00:00.000Z")],
        "Inventory": [stock(5), stock(3, 2)],
    }.items():
        for item in items:
            typed = {name: serialize(value) for name, value in item.items()}
            aws.client("dynamodb").put_item(TableName=table, Item=typed)

    analytics.orders(*stream_records("Orders"))
    analytics.payments(*stream_records("Payments"))
    analytics.inventory(*stream_records("Inventory"))

    assert sorted(analytics.types()) == [
        "ORDER_CONFIRMED",
        "ORDER_CREATED",
        "PAYMENT_STARTED",
        "PAYMENT_SUCCEEDED",
        "STOCK_CHANGED",
        "STOCK_CHANGED",
    ]
