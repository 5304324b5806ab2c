"""The verb of the inventory audit."""

from chalicelib.audit.models import AuditLine, InventoryAudit
from common import events, money


def record_sale(done: events.OrderDone) -> None:
    """Store what left the stock, under the day of the sale. Idempotent."""
    InventoryAudit(
        done.occurred_at[:10],
        done.order_id,
        lines=[AuditLine(product_id=line.product_id, qty=line.qty) for line in done.items],
        total_minor=money.minor(done.total_amount, done.currency),
        currency=done.currency,
        payment_id=done.payment_id,
        event_id=done.event_id,
    ).save()
