"""A day's sums: what a fact adds to them, and what they are."""

from collections import Counter

from chalicelib.analytics.facts import Fact
from chalicelib.analytics.models import Report
from chalicelib.analytics.schemas import DayReport
from common import money, transactions

_REVENUE = "revenue#"


def additions(fact: Fact) -> list[transactions.Operation]:
    """The part of a transaction that adds the fact to its day."""
    counts = [
        transactions.update(
            Report.row_for(fact.day, metric, fact.event_id), actions=[Report.number.add(number)]
        )
        for metric, number in fact.counts.items()
    ]
    revenue = [
        transactions.update(
            Report.row_for(fact.day, _REVENUE + currency, fact.event_id),
            actions=[Report.number.add(1), Report.amount_minor.add(amount)],
        )
        for currency, amount in fact.revenue_minor.items()
    ]
    return counts + revenue


def of_day(day: str) -> DayReport:
    """What the day adds up to so far."""
    counts: Counter[str] = Counter()
    revenue: Counter[str] = Counter()
    for row in Report.query(day):
        if row.name.startswith(_REVENUE):
            revenue[row.name.removeprefix(_REVENUE)] += int(row.amount_minor)
        else:
            counts[row.name] += int(row.number)
    return DayReport(
        day=day,
        orders_created=counts["ordersCreated"],
        orders_completed=counts["ordersCompleted"],
        orders_failed=counts["ordersFailed"],
        orders_cancelled=counts["ordersCancelled"],
        orders_expired=counts["ordersExpired"],
        payments_succeeded=counts["paymentsSucceeded"],
        payments_failed=counts["paymentsFailed"],
        payments_refunded=counts["paymentsRefunded"],
        units_sold=counts["unitsSold"],
        revenue={currency: money.decimal(revenue[currency], currency) for currency in sorted(revenue)},
    )
