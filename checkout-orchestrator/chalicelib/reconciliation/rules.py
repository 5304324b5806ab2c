"""All rules for an order: functions of its snapshot that yield discrepancies.

`settled_before`: what changed since then is not complete yet, so a rule does not judge what may
still happen to it. What is wrong in any case is judged at once; the rules say so.
"""

from collections.abc import Iterator

from chalicelib.discrepancies.models import Discrepancy
from chalicelib.reconciliation import money_rules, notification_rules, shipment_rules, stock_rules
from chalicelib.reconciliation.snapshot import OrderSnapshot

RULES = (
    *money_rules.RULES,
    *stock_rules.RULES,
    *shipment_rules.RULES,
    *notification_rules.RULES,
)


def find_discrepancies(snapshot: OrderSnapshot, settled_before: str) -> Iterator[Discrepancy]:
    """Apply all rules to the order."""
    for rule in RULES:
        yield from rule(snapshot, settled_before)
