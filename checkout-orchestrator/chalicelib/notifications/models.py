"""The table of notifications."""

from enum import StrEnum

from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from common import clock, dynamodb, ids

ERASED = "(erased)"  # replaces the texts to a customer who deleted the account


class NotificationStatus(StrEnum):
    """PENDING, then SENT, or UNREACHABLE.

    UNREACHABLE: without an account, after a bounce, or of a guest's unpaid order.

    IN_RECEIPT: the receipt says it, where the stage sends one mail for an order.
    """

    PENDING = "PENDING"
    SENT = "SENT"
    UNREACHABLE = "UNREACHABLE"
    IN_RECEIPT = "IN_RECEIPT"


FINAL_STATUSES = frozenset({*NotificationStatus} - {NotificationStatus.PENDING})


class TableRow(dynamodb.Map):
    """A line of the message's table: a label, and an amount of money."""

    label = UnicodeAttribute()
    value = UnicodeAttribute()


class ByUser(GlobalSecondaryIndex["Notification"]):
    """A user's notifications, by time."""

    class Meta:
        index_name = "by-user"
        projection = AllProjection()

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    created_at = UnicodeAttribute(range_key=True, attr_name="createdAt")


class Notification(Model):
    """A message to a customer or the team. By its deterministic id it is sent once."""

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
    rows = dynamodb.MapsAttribute(of=TableRow, null=True)
    status = UnicodeAttribute(default=NotificationStatus.PENDING)
    created_at = UnicodeAttribute(attr_name="createdAt", default_for_new=clock.now)
    sent_at = UnicodeAttribute(attr_name="sentAt", null=True)
    by_user = ByUser()

    @property
    def is_final(self) -> bool:
        """Whether nothing is left to do."""
        return self.status in FINAL_STATUSES

    def erase(self) -> None:
        """Erase the text, but not whether it was sent. Idempotent."""
        texts = [Notification.subject.set(ERASED), Notification.message.set(ERASED)]
        self.update([*texts, Notification.rows.remove()])


def identify(about: str, kind: str | None, audience: str, type_: str) -> str:
    """Return the id of a notification that an audience gets once."""
    return ids.deterministic("NOTIF", about, kind, audience, type_)


def list_order_notifications(user_id: str, order_id: str, since: str) -> list[Notification]:
    """List what the customer and the team were sent about an order since this time."""
    is_recent = Notification.created_at >= since
    is_about_order = Notification.order_id == order_id
    return list(Notification.by_user.query(user_id, is_recent, is_about_order))
