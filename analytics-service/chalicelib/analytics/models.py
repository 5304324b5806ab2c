"""The tables EventLogs and Reports, which this service alone writes."""

import zlib

from pynamodb.attributes import MapAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from common import dynamodb

# Concurrent events add to different rows of the same day and metric; see "How much it carries" in the README. It may be
# changed at any time: whatever rows a metric has are summed.
SHARDS = 16


class ByDay(GlobalSecondaryIndex):
    """All events of a day, by time."""

    class Meta:
        index_name = "by-day"
        projection = AllProjection()

    day = UnicodeAttribute(hash_key=True)
    timestamp = UnicodeAttribute(range_key=True)


class ByUser(GlobalSecondaryIndex):
    """All events of a customer, by time; events of nobody in particular are not in it."""

    class Meta:
        index_name = "by-user"
        projection = AllProjection()

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    timestamp = UnicodeAttribute(range_key=True)


class ByType(GlobalSecondaryIndex):
    """All events of a type, by time."""

    class Meta:
        index_name = "by-type"
        projection = AllProjection()

    event_type = UnicodeAttribute(hash_key=True, attr_name="eventType")
    timestamp = UnicodeAttribute(range_key=True)


class EventLog(Model):
    """One thing that happened: written once, never changed. That it exists says that its day's report has it."""

    class Meta(dynamodb.Meta):
        table_name = "EventLogs"

    event_id = UnicodeAttribute(hash_key=True, attr_name="eventId")
    event_type = UnicodeAttribute(attr_name="eventType")
    user_id = UnicodeAttribute(null=True, attr_name="userId")
    metadata: MapAttribute = MapAttribute()
    timestamp = UnicodeAttribute()
    day = UnicodeAttribute()

    by_day = ByDay()
    by_user = ByUser()
    by_type = ByType()


class Report(Model):
    """One of the rows whose sum is a day's metric: grows with each event, together with the event's row.

    `metric` is `<name>#<shard>`, or for money `revenue#<currency>#<shard>` and `refunded#<currency>#<shard>`.
    """

    class Meta(dynamodb.Meta):
        table_name = "Reports"

    day = UnicodeAttribute(hash_key=True)
    metric = UnicodeAttribute(range_key=True)
    number = NumberAttribute(null=True, attr_name="count")
    amount_minor = NumberAttribute(null=True, attr_name="amountMinor")

    @classmethod
    def row_for(cls, day: str, metric: str, event_id: str) -> "Report":
        """The row of the metric that this event adds to."""
        return cls(day, f"{metric}#{zlib.crc32(event_id.encode()) % SHARDS}")

    @property
    def name(self) -> str:
        """The metric, whichever of its rows this is."""
        return self.metric.rpartition("#")[0]
