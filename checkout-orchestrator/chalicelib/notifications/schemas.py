"""What Step Functions, the topic and the queue hand to the notifications."""

from typing import Literal

import msgspec


class Notice(msgspec.Struct, rename="camel", kw_only=True):
    """Saga step SendNotification, and the messages of notification-queue."""

    user_id: str
    message: str
    type: Literal["EMAIL", "SMS"] = "EMAIL"
    kind: str | None = None
    subject: str | None = None
    order_id: str | None = None
