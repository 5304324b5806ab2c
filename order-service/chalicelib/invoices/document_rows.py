"""The rows of an invoice or a credit note, in minor units of a currency.

Pure. The rows of an invoice sum to what was paid. Those of a credit note sum to what was refunded,
and each is a difference of two rounded sums, so that the credit notes of an order that was wholly
refunded sum to its invoice, also in each tax.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from chalicelib.orders.models import Order, OrderLine, Refund

_NO_NAME = "Tax"


@dataclass(frozen=True)
class Row:
    """A row of a document. `total` is with `taxes`, which have names."""

    text: str
    total: int
    qty: int | None = None
    price: int | None = None  # of a piece, before the discount
    discount: int = 0
    taxes: Counter[str] = field(default_factory=Counter)


@dataclass
class _Credited:
    """What earlier refunds are for."""

    pieces: Counter[str] = field(default_factory=Counter)
    taxes: Counter[str] = field(default_factory=Counter)
    shipping: int = 0
    adjusted: int = 0
    total: int = 0


def list_sold(order: Order) -> list[Row]:
    """Return the rows of an order's invoice."""
    return [*map(_sold_row, order.lines), *_shipping_rows(order)]


def list_credited(order: Order, refund: Refund) -> list[Row]:
    """Return the rows of the credit note of a refund.

    Of one that the order does not have yet, as if it was the last.
    """
    credited = _Credited()
    for one in order.refunds or []:
        if one.refund_id == refund.refund_id:
            break
        _credit(order, one, credited)
    return _credit(order, refund, credited)


def sum_taxes(rows: list[Row]) -> Counter[str]:
    """Return the tax that is within the rows' totals, by its name."""
    taxes: Counter[str] = Counter()
    for row in rows:
        taxes.update(row.taxes)
    return taxes


def _sold_row(line: OrderLine) -> Row:
    return Row(
        line.name,
        line.line_total_minor,
        line.qty,
        line.price_minor,
        line.discount_minor or 0,
        _taxes_of(line),
    )


def _shipping_rows(order: Order) -> Iterator[Row]:
    if order.shipping is not None:
        taxes = Counter({order.shipping.tax_name or _NO_NAME: order.shipping.tax_minor})
        yield Row(f"Shipping: {order.shipping.name}", order.shipping.total_minor, taxes=taxes)


def _credit(order: Order, refund: Refund, before: _Credited) -> list[Row]:
    """Return the rows of a refund, and add it to what was refunded before."""
    shipping = _refunded_shipping(order, refund, before)
    rows = [*_goods_rows(order, refund, before), *_credited_shipping(order, shipping, before)]
    before.taxes.update(sum_taxes(rows))
    before.total += refund.amount_minor
    if adjustment := refund.amount_minor - sum(row.total for row in rows):
        taxes = _adjusted_taxes(order, adjustment, before)
        rows.append(Row("Adjustment of the price", adjustment, taxes=taxes))
        before.taxes.update(taxes)
        before.adjusted += adjustment
    before.pieces.update({line.product_id: line.qty for line in refund.lines})
    before.shipping += shipping
    return rows


def _refunded_shipping(order: Order, refund: Refund, before: _Credited) -> int:
    """Return what is refunded for shipping.

    A refund of all that is left does not name it.
    """
    if refund.whole and order.shipping is not None:
        left: int = order.shipping.total_minor - before.shipping
        return min(left, order.total_minor - before.total)
    return refund.shipping_minor or 0


def _goods_rows(order: Order, refund: Refund, before: _Credited) -> Iterator[Row]:
    lines = {line.product_id: line for line in order.lines}
    for refunded in refund.lines:
        line = lines[refunded.product_id]
        earlier = before.pieces[line.product_id]
        share = (line.qty, earlier, earlier + refunded.qty)
        total, taxes = _share(line.line_total_minor, *share), _shares(_taxes_of(line), *share)
        yield Row(line.name, total, refunded.qty, taxes=taxes)


def _credited_shipping(order: Order, amount: int, before: _Credited) -> Iterator[Row]:
    for sold in _shipping_rows(order) if amount else ():
        share = (sold.total, before.shipping, before.shipping + amount)
        yield Row(sold.text, amount, taxes=_shares(sold.taxes, *share))


def _adjusted_taxes(order: Order, adjustment: int, before: _Credited) -> Counter[str]:
    """Return the tax in an amount that is for no goods: a part of all that was paid.

    Less than nothing where a refund of all that is left comes after such amounts.
    """
    taxes = sum_taxes(list_sold(order))
    if before.total == order.total_minor:
        return Counter({name: tax - before.taxes[name] for name, tax in taxes.items()})
    return _shares(taxes, order.total_minor, before.adjusted, before.adjusted + adjustment)


def _taxes_of(line: OrderLine) -> Counter[str]:
    """Return the line's tax. One of nothing is named, too: the name is its reason."""
    return Counter({} if line.tax_minor is None else {line.tax_name or _NO_NAME: line.tax_minor})


def _shares(taxes: Counter[str], whole: int, before: int, after: int) -> Counter[str]:
    return Counter({name: _share(tax, whole, before, after) for name, tax in taxes.items()})


def _share(total: int, whole: int, before: int, after: int) -> int:
    """Return what of `total` belongs to the part of `whole` from `before` to `after`."""
    return total * after // whole - total * before // whole
