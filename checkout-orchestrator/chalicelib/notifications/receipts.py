"""The table of a receipt: goods, what changes their price, the total."""

from collections.abc import Iterator

from chalicelib.readmodels.orders import Order
from common import events, money
from common.mails import Row


def list_rows(done: events.OrderDone, order: Order | None) -> list[Row]:
    """Return the rows, whose amounts sum to the last one.

    Without the order, and of one that has no parts of its price, goods and total alone.
    """
    total = money.format_amount(money.minor(done.total_amount, done.currency), done.currency)
    if order is None:
        goods = [Row(f"{line.qty} x {line.product_id}", "") for line in done.items]
        return [*goods, Row("Total", total)]
    return [*_list_goods(order), *_list_parts(order), Row(f"Total{_included_tax(order)}", total)]


def _list_goods(order: Order) -> Iterator[Row]:
    for line in order.lines:
        paid = line.line_total_minor or 0
        price = paid if order.subtotal_minor is None else (line.price_minor or 0) * line.qty
        yield _row(order, f"{line.qty} x {line.name or line.product_id}", price)


def _list_parts(order: Order) -> Iterator[Row]:
    """Yield what is added to the list prices and taken off them."""
    if order.discount_minor:
        yield _row(order, "Discount", -order.discount_minor)
    if order.shipping is not None:
        yield _row(order, f"Shipping: {order.shipping.name}", order.shipping.price_minor)
    if order.tax_minor and not order.tax_included:
        yield _row(order, "Tax", order.tax_minor)


def _included_tax(order: Order) -> str:
    if not order.tax_minor or not order.tax_included:
        return ""
    return f", {money.format_amount(order.tax_minor, order.currency)} of it tax"


def _row(order: Order, label: str, minor_units: int) -> Row:
    return Row(label, money.format_amount(minor_units, order.currency))
