"""The metrics of a day: what a fact adds to them, and their sums."""

from collections import Counter
from decimal import Decimal

from chalicelib.analytics.facts import Fact
from chalicelib.analytics.models import Report
from chalicelib.analytics.schemas import DayReport
from common import money, transactions

_REVENUE, _REFUNDED, _LOST = "revenue", "refunded", "lost"  # metrics by currency


def additions(fact: Fact) -> list[transactions.Operation]:
    """Return the operations of a transaction that add the fact to its day."""
    counts = [
        transactions.update(
            Report.for_event(fact.day, metric, fact.event_id), actions=[Report.number.add(number)]
        )
        for metric, number in fact.counts.items()
    ]
    return (
        counts
        + _amount_additions(fact, _REVENUE, fact.revenue_minor)
        + _amount_additions(fact, _REFUNDED, fact.refunded_minor)
        + _amount_additions(fact, _LOST, fact.lost_minor)
    )


def get_day_report(day: str) -> DayReport:
    """Return the sums of a day, zeros for a day without events."""
    counts: Counter[str] = Counter()
    amounts: dict[str, Counter[str]] = {name: Counter() for name in (_REVENUE, _REFUNDED, _LOST)}
    for row in Report.query(day):
        metric, _, currency = row.name.partition("#")
        if metric in amounts:
            amounts[metric][currency] += row.amount_minor
        else:
            counts[metric] += row.number
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
        disputes_opened=counts["disputesOpened"],
        disputes_won=counts["disputesWon"],
        disputes_lost=counts["disputesLost"],
        units_sold=counts["unitsSold"],
        revenue=_decimals(amounts[_REVENUE]),
        refunded=_decimals(amounts[_REFUNDED]),
        lost=_decimals(amounts[_LOST]),
    )


def _amount_additions(
    fact: Fact, metric: str, amounts: dict[str, int]
) -> list[transactions.Operation]:
    return [
        transactions.update(
            Report.for_event(fact.day, f"{metric}#{currency}", fact.event_id),
            actions=[Report.number.add(1), Report.amount_minor.add(amount)],
        )
        for currency, amount in amounts.items()
    ]


def _decimals(amounts: Counter[str]) -> dict[str, Decimal]:
    return {currency: money.decimal(amounts[currency], currency) for currency in sorted(amounts)}
