"""A day's sums: what a fact adds to them, and what they are."""

from collections import Counter
from decimal import Decimal

from chalicelib.analytics.facts import Fact
from chalicelib.analytics.models import Report
from chalicelib.analytics.schemas import DayReport
from common import money, transactions

_MONEY = ("revenue", "refunded")  # metrics of which each currency has its own


def additions(fact: Fact) -> list[transactions.Operation]:
    """The part of a transaction that adds the fact to its day."""
    counts = [
        transactions.update(
            Report.row_for(fact.day, metric, fact.event_id), actions=[Report.number.add(number)]
        )
        for metric, number in fact.counts.items()
    ]
    return (
        counts
        + _money(fact, "revenue", fact.revenue_minor)
        + _money(fact, "refunded", fact.refunded_minor)
    )


def of_day(day: str) -> DayReport:
    """What the day adds up to so far."""
    counts: Counter[str] = Counter()
    amounts: dict[str, Counter[str]] = {metric: Counter() for metric in _MONEY}
    for row in Report.query(day):
        metric, _, currency = row.name.partition("#")
        if metric in amounts:
            amounts[metric][currency] += int(row.amount_minor)
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
        revenue=_decimals(amounts["revenue"]),
        refunded=_decimals(amounts["refunded"]),
    )


def _money(fact: Fact, metric: str, amounts: dict[str, int]) -> list[transactions.Operation]:
    return [
        transactions.update(
            Report.row_for(fact.day, f"{metric}#{currency}", fact.event_id),
            actions=[Report.number.add(1), Report.amount_minor.add(amount)],
        )
        for currency, amount in amounts.items()
    ]


def _decimals(amounts: Counter[str]) -> dict[str, Decimal]:
    return {currency: money.decimal(amounts[currency], currency) for currency in sorted(amounts)}
