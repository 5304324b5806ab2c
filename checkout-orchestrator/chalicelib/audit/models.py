"""The table of the inventory audit: what left the stock, by day."""

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from common import clock, dynamodb
from common.pages import PAGE_LIMIT, Page, decode_cursor, encode_cursor


class AuditLine(dynamodb.Map):
    """The quantity of a product."""

    product_id = UnicodeAttribute(attr_name="productId")
    qty = dynamodb.WholeNumber()


class InventoryAudit(Model):
    """A finished order, for the reconciliation of stock. Rows never change."""

    class Meta(dynamodb.Meta):
        table_name = "InventoryAudit"

    day = UnicodeAttribute(hash_key=True)
    order_id = UnicodeAttribute(range_key=True, attr_name="orderId")
    lines = dynamodb.MapsAttribute(of=AuditLine, attr_name="items")
    total_minor = dynamodb.WholeNumber(attr_name="totalMinor")
    currency = UnicodeAttribute()
    payment_id = UnicodeAttribute(attr_name="paymentId")
    event_id = UnicodeAttribute(attr_name="eventId")
    recorded_at = UnicodeAttribute(attr_name="recordedAt", default_for_new=clock.now)


def list_audited_orders(day: str, cursor: str | None = None) -> Page[str]:
    """List the ids of the orders that were finished on this day (UTC)."""
    sales = InventoryAudit.query(day, limit=PAGE_LIMIT, last_evaluated_key=decode_cursor(cursor))
    order_ids = [sale.order_id for sale in sales]
    return Page(order_ids, encode_cursor(sales.last_evaluated_key))
