"""The table of notifications, and a read model of the people they go to."""

from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from common import clock, tables

PENDING = "PENDING"
SENT = "SENT"


class ByUser(GlobalSecondaryIndex):
    """A user's notifications, by time."""

    class Meta:
        index_name = "by-user"
        projection = AllProjection()

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    created_at = UnicodeAttribute(range_key=True, attr_name="createdAt")


class Notification(Model):
    """Something that somebody is told: PENDING, then SENT. Its id follows from what it is about, so it is told once."""

    class Meta(tables.Meta):
        table_name = "Notifications"

    notification_id = UnicodeAttribute(hash_key=True, attr_name="notificationId")
    user_id = UnicodeAttribute(attr_name="userId")
    audience = UnicodeAttribute()
    type = UnicodeAttribute()
    kind = UnicodeAttribute(null=True)
    order_id = UnicodeAttribute(attr_name="orderId", null=True)
    subject = UnicodeAttribute()
    message = UnicodeAttribute()
    status = UnicodeAttribute(default=PENDING)
    created_at = UnicodeAttribute(attr_name="createdAt", default_for_new=clock.now)
    sent_at = UnicodeAttribute(attr_name="sentAt", null=True)
    by_user = ByUser()


class User(Model):
    """Of user-service: where a customer can be reached. Read here, never written."""

    class Meta(tables.Meta):
        table_name = "Users"

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    email = UnicodeAttribute(null=True)
    name = UnicodeAttribute(null=True)
    phone = UnicodeAttribute(null=True)
