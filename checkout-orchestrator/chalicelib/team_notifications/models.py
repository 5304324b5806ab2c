"""The table of what the team was notified of."""

from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from common import clock, dynamodb

SECONDS_KEPT = 90 * 24 * 3600


class ByAudience(GlobalSecondaryIndex["TeamNotification"]):
    """Notifications of an audience, by arrival."""

    class Meta:
        index_name = "by-audience"
        projection = AllProjection()

    audience = UnicodeAttribute(hash_key=True)
    received_at = UnicodeAttribute(range_key=True, attr_name="receivedAt")


class TeamNotification(Model):
    """A notification to the team, or the digest of a day. Kept for 90 days."""

    class Meta(dynamodb.Meta):
        table_name = "TeamNotifications"

    notification_id = UnicodeAttribute(hash_key=True, attr_name="notificationId")
    audience = UnicodeAttribute()
    kind = UnicodeAttribute()
    order_id = UnicodeAttribute(attr_name="orderId", null=True)
    subject = UnicodeAttribute()
    message = UnicodeAttribute()
    received_at = UnicodeAttribute(attr_name="receivedAt", default_for_new=clock.now)
    expires_at = dynamodb.WholeNumber(
        attr_name="expiresAt", default_for_new=lambda: clock.epoch() + SECONDS_KEPT
    )
    by_audience = ByAudience()
