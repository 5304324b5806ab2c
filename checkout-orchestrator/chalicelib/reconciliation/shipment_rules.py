"""Rules for what was shipped of an order, and what of it came back."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain

from chalicelib.discrepancies.models import Discrepancy, Kind
from chalicelib.readmodels.orders import Order, OrderLine
from chalicelib.reconciliation.snapshot import OrderSnapshot

Discrepancies = Iterator[Discrepancy]


def shipments_fit_order(snapshot: OrderSnapshot, settled_before: str) -> Discrepancies:
    """No more was shipped than was ordered. Judged at once, as it was sent."""
    order = snapshot.order
    if order is None:
        return
    shipped = _count_shipped(order)
    ordered = Counter({line.product_id: line.qty for line in order.lines})
    for product_id, count in sorted((shipped - ordered).items()):
        detail = f"{product_id}: {count} more shipped than the {ordered[product_id]} ordered"
        yield Discrepancy(Kind.SHIPPED_TOO_MUCH, detail, order_id=snapshot.order_id)


def only_purchases_are_shipped(snapshot: OrderSnapshot, settled_before: str) -> Discrepancies:
    """Nothing is shipped of an unpaid or cancelled order. Judged at once."""
    order = snapshot.order
    if order is None or not order.shipments:
        return
    if not order.is_paid or order.cancelled_at is not None:
        how = "cancelled" if order.cancelled_at is not None else order.status
        detail = f"{len(order.shipments)} shipments, and the order is {how}"
        yield Discrepancy(Kind.SHIPPED_FOR_NOTHING, detail, order_id=snapshot.order_id)


def returns_fit_shipments(snapshot: OrderSnapshot, settled_before: str) -> Discrepancies:
    """No more came back than was shipped. Judged at once, as it was inspected."""
    if snapshot.order is None:
        return
    shipped, returned = _count_shipped(snapshot.order), _count_returned(snapshot.order)
    for product_id, count in sorted((returned - shipped).items()):
        detail = f"{product_id}: {count} more came back than the {shipped[product_id]} shipped"
        yield Discrepancy(Kind.RETURNED_TOO_MUCH, detail, order_id=snapshot.order_id)


def returns_are_refunded(snapshot: OrderSnapshot, settled_before: str) -> Discrepancies:
    """What came back has its refund, whether or not that is made. Judged at once."""
    order = snapshot.order
    if order is None:
        return
    refunds = {refund.refund_id for refund in order.refunds or []}
    for returned in order.returns or []:
        for part in returned.parts or []:
            if part.refund_id not in refunds:
                detail = f"{returned.return_id}: goods came back without {part.refund_id}"
                yield Discrepancy(Kind.RETURN_NOT_REFUNDED, detail, order_id=snapshot.order_id)


def _count_shipped(order: Order) -> Counter[str]:
    return _sum_lines(shipment.lines for shipment in order.shipments or [])


def _count_returned(order: Order) -> Counter[str]:
    return _sum_lines(
        part.lines for returned in order.returns or [] for part in returned.parts or []
    )


def _sum_lines(lists: Iterable[Iterable[OrderLine]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for line in chain.from_iterable(lists):
        total[line.product_id] += line.qty
    return total


RULES = (
    shipments_fit_order,
    only_purchases_are_shipped,
    returns_fit_shipments,
    returns_are_refunded,
)
