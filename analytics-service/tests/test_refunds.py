"""Refunds are logged from the order and counted from the payment, once.

The revenue of the purchase stays as it is.
"""

import pytest
from analytics_factories import DAY, change, order, order_done, payment

LATER, NEXT_DAY = f"{DAY}T13:00:00.000Z", "2025-10-14"


def refund(number, amount_minor, status="DONE"):
    return {
        "refundId": f"REFUND#{number}",
        "items": [{"productId": "PROD#001", "qty": 1}],
        "amountMinor": amount_minor,
        "restock": True,
        "reason": "Too spicy",
        "requestedBy": "USER#01JIMMY",
        "requestHash": "0",
        "status": status,
        "requestedAt": LATER,
    }


def paid_order(status="CONFIRMED", *refunds, **more):
    return order(status=status, at=LATER, **{"refunds": list(refunds)} if refunds else {}, **more)


def paid(refunded_minor=0, status="SUCCEEDED", at=LATER, refund_status="DONE", **more):
    """A payment with one refund of this amount, which is made."""
    refunds = [{"refundId": "REFUND#1", "amountMinor": refunded_minor, "status": refund_status}]
    return payment(status=status, at=at, refunds=refunds, **more)


def amounts(rows):
    """The type and amount of each row, the earliest first."""
    return [(row["eventType"], row["metadata"]["amount"]) for row in reversed(rows)]


@pytest.mark.parametrize("status", ["PARTLY_REFUNDED", "REFUNDED"])
def test_a_refunded_order_is_logged_with_the_refunded_amount(analytics, status):
    requested, done = refund(1, 1299, "REQUESTED"), refund(1, 1299)
    analytics.orders(change("Orders", paid_order("CONFIRMED", requested), paid_order(status, done)))

    (row,) = analytics.events()
    assert (row["eventType"], row["metadata"]["amount"]) == ("ORDER_REFUNDED", 12.99)
    assert analytics.counted() == {}


def test_each_refund_of_an_order_is_logged_separately(analytics):
    first, second = refund(1, 1299), refund(2, 999)
    analytics.orders(
        change("Orders", paid_order(), paid_order("CONFIRMED", refund(1, 1299, "REQUESTED"))),
        change(
            "Orders",
            paid_order("CONFIRMED", refund(1, 1299, "REQUESTED")),
            paid_order("PARTLY_REFUNDED", first),
        ),
        change(
            "Orders",
            paid_order("PARTLY_REFUNDED", first, refund(2, 999, "REQUESTED")),
            paid_order("PARTLY_REFUNDED", first, second),
        ),
    )

    assert sorted(amounts(analytics.events())) == [
        ("ORDER_REFUNDED", 9.99),
        ("ORDER_REFUNDED", 12.99),
    ]


def test_refunded_amounts_are_counted_from_the_payment(analytics):
    analytics.done(order_done())
    analytics.payments(change("Payments", paid(), paid(1299)))
    analytics.payments(
        change("Payments", paid(1299), paid(2598, "REFUNDED", f"{DAY}T14:00:00.000Z"))
    )
    analytics.orders(change("Orders", paid_order(), paid_order("REFUNDED", refund(1, 2598))))

    assert analytics.counted() == {
        "ordersCompleted": 1,
        "unitsSold": 2,
        "revenue": {"USD": 25.98},
        "paymentsRefunded": 1,
        "refunded": {"USD": 25.98},
    }
    assert amounts(analytics.events(type="PAYMENT_PARTLY_REFUNDED")) == [
        ("PAYMENT_PARTLY_REFUNDED", 12.99)
    ]
    assert amounts(analytics.events(type="PAYMENT_REFUNDED")) == [("PAYMENT_REFUNDED", 12.99)]


def test_a_repeated_refund_counts_once(analytics):
    record = change("Payments", paid(), paid(1299))

    analytics.payments(record, record)
    analytics.queued(record)

    assert analytics.counted() == {"refunded": {"USD": 12.99}}


def test_a_refund_counts_for_its_own_day_and_currency(analytics):
    at = f"{NEXT_DAY}T00:00:00.000Z"
    analytics.payments(
        change("Payments", paid(100), paid(1399, at=at)),
        change("Payments", paid(currency="JPY"), paid(500, currency="JPY", at=at)),
    )

    assert analytics.counted(DAY) == {}
    assert analytics.counted(NEXT_DAY) == {"refunded": {"JPY": 500, "USD": 12.99}}


def test_a_payment_without_a_new_refund_counts_nothing(analytics):
    analytics.payments(
        change("Payments", paid(1299), paid(1299, nextAction=None)),
        change("Payments", paid(0), paid(1299, refund_status="STARTED")),
        change("Payments", paid(1299), paid(1299, "REFUNDING")),
    )

    assert (analytics.events(), analytics.counted()) == ([], {})


def test_a_refund_that_fails_is_taken_off_what_was_refunded(analytics):
    failed = paid(2598, refund_status="FAILED")
    analytics.payments(
        change("Payments", paid(), paid(2598, "REFUNDED")),
        change("Payments", paid(2598, "REFUNDED"), failed),
        change("Payments", failed, paid(2598, "REFUNDED")),
    )

    assert analytics.counted() == {"refunded": {"USD": 25.98}, "paymentsRefunded": 2}
    assert amounts(analytics.events(type="PAYMENT_REFUND_FAILED")) == [
        ("PAYMENT_REFUND_FAILED", -25.98)
    ]


def test_the_refund_of_a_failed_order_is_not_counted_as_refunded(analytics):
    """A charge refunded because its order failed was never revenue."""
    analytics.payments(change("Payments", payment(status="REFUNDING"), payment(status="REFUNDED")))

    assert analytics.counted() == {"paymentsRefunded": 1}


def test_a_dispute_is_counted_when_it_opens_and_when_it_is_decided(analytics):
    def disputed(status, amount=2598):
        dispute = {
            "disputeId": "dp_1",
            "amountMinor": amount,
            "status": status,
            "reason": "fraudulent",
        }
        return payment(status="SUCCEEDED", at=LATER, disputes=[dispute])

    analytics.payments(
        change("Payments", payment(status="SUCCEEDED", at=LATER), disputed("OPEN")),
        change("Payments", disputed("OPEN"), disputed("LOST")),
        change("Payments", disputed("LOST"), disputed("LOST", 2598)),
    )

    assert analytics.counted() == {
        "disputesOpened": 1,
        "disputesLost": 1,
        "lost": {"USD": 25.98},
    }
