"""The table of notifications, and a read model of the people they go to."""

from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from common import clock, dynamodb, ids

PENDING = "PENDING"
SENT = "SENT"
UNREACHABLE = "UNREACHABLE"

ERASED = "(erased)"  # what stands for the texts to a customer who deleted the account

SETTLED = (SENT, UNREACHABLE)  # nothing is left to do


class ByUser(GlobalSecondaryIndex):
    """A user's notifications, by time."""

    class Meta:
        index_name = "by-user"
        projection = AllProjection()

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    created_at = UnicodeAttribute(range_key=True, attr_name="createdAt")


class Notification(Model):
    """Something that somebody is told: PENDING, then SENT; or UNREACHABLE, where the customer has deleted the account.

    Its id follows from what it is about, so it is told once.
    """

    class Meta(dynamodb.Meta):
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

    def erase(self) -> None:
        """Take the text away; whether it was sent stays. Safe to repeat."""
        self.update([Notification.subject.set(ERASED), Notification.message.set(ERASED)])


class User(Model):
    """Of user-service: where a customer can be reached. Read here, never written."""

    class Meta(dynamodb.Meta):
        table_name = "Users"

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    email = UnicodeAttribute(null=True)
    name = UnicodeAttribute(null=True)
    phone = UnicodeAttribute(null=True)

    @classmethod
    def is_deleted(cls, user_id: str) -> bool:
        """Whether there was an account of this id once: user-service keeps that much of it."""
        try:
            cls.get(f"DELETED#{ids.suffix(user_id)}", consistent_read=True)
        except cls.DoesNotExist:
            return False
        return True
