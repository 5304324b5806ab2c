"""Rules for what was shipped of an order."""

from collections import Counter
from collections.abc import Iterator

from chalicelib.discrepancies.models import Discrepancy, Kind
from chalicelib.reconciliation.snapshot import OrderSnapshot

Discrepancies = Iterator[Discrepancy]


def shipments_fit_order(snapshot: OrderSnapshot, settled_before: str) -> Discrepancies:
    """No more was shipped than was ordered. Judged at once, as it was sent."""
    order = snapshot.order
    if order is None:
        return
    shipped: Counter[str] = Counter()
    for shipment in order.shipments or []:
        shipped.update({line.product_id: line.qty for line in shipment.lines})
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


RULES = (shipments_fit_order, only_purchases_are_shipped)
