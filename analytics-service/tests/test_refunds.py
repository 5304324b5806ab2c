"""What was given back is told by the order and counted by the payment, once; the revenue of a purchase stays what it was."""

import pytest
from told import DAY, change, order, order_done, payment

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


def bought(status="CONFIRMED", *refunds, **more):
    return order(status=status, at=LATER, **{"refunds": list(refunds)} if refunds else {}, **more)


def paid(refunded_minor=0, status="SUCCEEDED", at=LATER, **more):
    return payment(status=status, at=at, refundedMinor=refunded_minor, **more)


def amounts(rows):
    """What the rows tell, the earliest first."""
    return [(row["eventType"], row["metadata"]["amount"]) for row in reversed(rows)]


@pytest.mark.parametrize("status", ["PARTLY_REFUNDED", "REFUNDED"])
def test_a_refunded_order_is_logged_with_what_was_given_back(analytics, status):
    asked, done = refund(1, 1299, "REQUESTED"), refund(1, 1299)
    analytics.orders(change("Orders", bought("CONFIRMED", asked), bought(status, done)))

    (row,) = analytics.events()
    assert (row["eventType"], row["metadata"]["amount"]) == ("ORDER_REFUNDED", 12.99)
    assert analytics.counted() == {}


def test_each_refund_of_an_order_is_logged_by_itself(analytics):
    first, second = refund(1, 1299), refund(2, 999)
    analytics.orders(
        change("Orders", bought(), bought("CONFIRMED", refund(1, 1299, "REQUESTED"))),
        change(
            "Orders",
            bought("CONFIRMED", refund(1, 1299, "REQUESTED")),
            bought("PARTLY_REFUNDED", first),
        ),
        change(
            "Orders",
            bought("PARTLY_REFUNDED", first, refund(2, 999, "REQUESTED")),
            bought("PARTLY_REFUNDED", first, second),
        ),
    )

    assert sorted(amounts(analytics.events())) == [
        ("ORDER_REFUNDED", 9.99),
        ("ORDER_REFUNDED", 12.99),
    ]


def test_what_a_customer_got_back_is_counted_as_the_payment_tells_it(analytics):
    analytics.done(order_done())
    analytics.payments(change("Payments", paid(), paid(1299)))
    analytics.payments(
        change("Payments", paid(1299), paid(2598, "REFUNDED", f"{DAY}T14:00:00.000Z"))
    )
    analytics.orders(change("Orders", bought(), bought("REFUNDED", refund(1, 2598))))

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


def test_a_refund_that_is_told_again_is_counted_once(analytics):
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


def test_a_payment_of_which_nothing_more_is_given_back_counts_nothing(analytics):
    analytics.payments(
        change("Payments", paid(1299), paid(1299, nextAction=None)),
        change("Payments", paid(1299), paid(0)),
        change("Payments", paid(1299), paid(1299, "REFUNDING")),
    )

    assert (analytics.events(), analytics.counted()) == ([], {})


def test_a_purchase_that_never_was_is_no_refund_of_one(analytics):
    """A charge taken back because its order failed was never revenue."""
    analytics.payments(change("Payments", payment(status="REFUNDING"), payment(status="REFUNDED")))

    assert analytics.counted() == {"paymentsRefunded": 1}
