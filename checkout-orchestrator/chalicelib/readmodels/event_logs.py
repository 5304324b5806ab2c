"""Read model of analytics-service's table EventLogs."""

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from common import dynamodb

ORDER_COMPLETED = "ORDER_COMPLETED"  # the type under which analytics stores order.done


class EventLog(Model):
    """One event that analytics stored."""

    class Meta(dynamodb.Meta):
        table_name = "EventLogs"

    event_id = UnicodeAttribute(hash_key=True, attr_name="eventId")
    event_type = UnicodeAttribute(attr_name="eventType")
    timestamp = UnicodeAttribute()


def find_completed_order(event_id: str) -> EventLog | None:
    """Read what analytics stored of this order.done, None if nothing."""
    entry = dynamodb.find(EventLog, event_id)
    return entry if entry and entry.event_type == ORDER_COMPLETED else None
