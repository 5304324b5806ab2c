"""Input and result of the saga step SendNotification, as in notification-queue."""

from typing import Literal

import msgspec

from chalicelib.notifications.notices import END_KINDS


class NotificationRequest(msgspec.Struct, rename="camel", kw_only=True):
    """What a customer is to be notified of.

    Without `message` the text is that of `kind`, which says how the order `orderId` ended;
    `reason` is why it failed.
    """

    user_id: str
    message: str | None = None
    type: Literal["EMAIL", "SMS"] = "EMAIL"
    kind: str | None = None
    subject: str | None = None
    order_id: str | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        if self.message is None and (self.kind not in END_KINDS or self.order_id is None):
            kinds = ", ".join(sorted(END_KINDS))
            raise ValueError(f"message: expected a text, or an orderId and a kind of: {kinds}")


class NotificationResult(msgspec.Struct, rename="camel"):
    """Result of the saga step SendNotification."""

    notification_id: str
    status: str
