"""All that must hold of an order: pure functions of its books, each of which tells what does not.

What is young is not wrong yet: `before` is the moment up to which everything has had time to happen, and what changed since is not
judged for what may still come. What is wrong in any case is judged at once; the rules say so.
"""

from collections.abc import Iterator

from chalicelib.reconciliation import money_rules, stock_rules, telling_rules
from chalicelib.reconciliation.books import Books
from chalicelib.reconciliation.discrepancies import Discrepancy

RULES = (*money_rules.RULES, *stock_rules.RULES, *telling_rules.RULES)


def broken(books: Books, before: str) -> Iterator[Discrepancy]:
    """What is wrong with the order; nothing if all is well."""
    for rule in RULES:
        yield from rule(books, before)
