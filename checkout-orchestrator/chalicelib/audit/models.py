"""The inventory audit: what left the stock, by day."""

from pynamodb.attributes import MapAttribute, UnicodeAttribute
from pynamodb.models import Model

from common import clock, tables


class AuditLine(MapAttribute):
    """How many of a product."""

    product_id = UnicodeAttribute(attr_name="productId")
    qty = tables.WholeNumber()


class InventoryAudit(Model):
    """A finished order, for the daily reconciliation of the stock; written once, never changed."""

    class Meta(tables.Meta):
        table_name = "InventoryAudit"

    day = UnicodeAttribute(hash_key=True)
    order_id = UnicodeAttribute(range_key=True, attr_name="orderId")
    lines = tables.MapsAttribute(of=AuditLine, attr_name="items")
    total_minor = tables.WholeNumber(attr_name="totalMinor")
    currency = UnicodeAttribute()
    payment_id = UnicodeAttribute(attr_name="paymentId")
    event_id = UnicodeAttribute(attr_name="eventId")
    recorded_at = UnicodeAttribute(attr_name="recordedAt", default_for_new=clock.now)
