"""What is paid back for some of an order's goods: their share of what was paid."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class PaidLine:
    """A line of a paid order.

    `total` is what was paid for all its pieces, after discounts and with tax.
    """

    product_id: str
    qty: int
    total: int
    refunded_qty: int = 0


def refund_share(lines: Iterable[PaidLine], items: Mapping[str, int]) -> int:
    """Return the minor units to pay back for these quantities, without shipping.

    Shares of one line, refunded one after another, sum to what was paid for it.
    """
    return sum(_line_share(line, items.get(line.product_id, 0)) for line in lines)


def _line_share(line: PaidLine, qty: int) -> int:
    """Return the difference of two rounded sums: after these pieces, and before."""
    before, after = line.refunded_qty, line.refunded_qty + qty
    if not 0 <= before <= after <= line.qty:
        raise ValueError(f"{line.product_id}: {after} of {line.qty} to refund")
    return line.total * after // line.qty - line.total * before // line.qty
