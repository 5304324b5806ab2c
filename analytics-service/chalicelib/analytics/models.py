"""The tables EventLogs and Reports."""

import zlib
from typing import Any, Self

from pynamodb.attributes import MapAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from common import dynamodb

# Concurrent events add to different rows of the same day and metric; see "Capacity" in the README.
# May be changed at any time: reports sum all rows of a metric.
SHARDS = 16


class ByDay(GlobalSecondaryIndex["EventLog"]):
    """All events of a day, by time."""

    class Meta:
        index_name = "by-day"
        projection = AllProjection()

    day = UnicodeAttribute(hash_key=True)
    timestamp = UnicodeAttribute(range_key=True)


class ByUser(GlobalSecondaryIndex["EventLog"]):
    """All events of a customer, by time. Events without a customer are not in it."""

    class Meta:
        index_name = "by-user"
        projection = AllProjection()

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    timestamp = UnicodeAttribute(range_key=True)


class ByType(GlobalSecondaryIndex["EventLog"]):
    """All events of a type, by time."""

    class Meta:
        index_name = "by-type"
        projection = AllProjection()

    event_type = UnicodeAttribute(hash_key=True, attr_name="eventType")
    timestamp = UnicodeAttribute(range_key=True)


class EventLog(Model):
    """An event, written once, in one transaction with its day's report."""

    class Meta(dynamodb.Meta):
        table_name = "EventLogs"

    event_id = UnicodeAttribute(hash_key=True, attr_name="eventId")
    event_type = UnicodeAttribute(attr_name="eventType")
    user_id = UnicodeAttribute(null=True, attr_name="userId")
    metadata: MapAttribute[str, Any] = MapAttribute()
    timestamp = UnicodeAttribute()
    day = UnicodeAttribute()

    by_day = ByDay()
    by_user = ByUser()
    by_type = ByType()


class Report(Model):
    """A shard of a day's metric. The metric is the sum of its shards.

    `metric` is `<name>#<shard>`, for money `revenue#<currency>#<shard>` and
    `refunded#<currency>#<shard>`; `lost` likewise.
    """

    class Meta(dynamodb.Meta):
        table_name = "Reports"

    day = UnicodeAttribute(hash_key=True)
    metric = UnicodeAttribute(range_key=True)
    number = dynamodb.WholeNumber(null=True, attr_name="count")
    amount_minor = dynamodb.WholeNumber(null=True, attr_name="amountMinor")

    @classmethod
    def for_event(cls, day: str, metric: str, event_id: str) -> Self:
        """Return the shard of the metric that this event adds to."""
        return cls(day, f"{metric}#{zlib.crc32(event_id.encode()) % SHARDS}")

    @property
    def name(self) -> str:
        """The metric without its shard."""
        return self.metric.rpartition("#")[0]
