"""Messages of user-mail-queue and mail-event-queue."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from common.schemas import Schema


class RequestKind(StrEnum):
    """The reasons to send mail.

    Which mails follow is decided when the request is processed.
    """

    REGISTRATION = "REGISTRATION"
    EMAIL_VERIFICATION = "EMAIL_VERIFICATION"
    WELCOME = "WELCOME"
    PASSWORD_RESET = "PASSWORD_RESET"  # noqa: S105 - a reason to send mail
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105 - a reason to send mail


class MailRequest(Schema):
    """A mail to an account, or to the owner of an address. Neither need exist."""

    kind: RequestKind
    request_id: str
    asked_at: int
    user_id: str = "USER#nobody"
    email: str = "nobody"


class Recipient(Schema):
    """An address in an event of SES."""

    email_address: str


class Bounce(Schema):
    """A mail that was not delivered, for good if it is `Permanent`."""

    bounce_type: str
    timestamp: datetime
    bounced_recipients: list[Recipient] = []


class Complaint(Schema):
    """A mail that its recipient called spam."""

    timestamp: datetime
    complained_recipients: list[Recipient] = []


class Failure(NamedTuple):
    """Addresses that must get no more mail."""

    reason: str
    at: datetime
    addresses: list[str]


class MailEvent(Schema):
    """A message of mail-event-queue: what SES publishes of a mail.

    https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
    """

    event_type: str
    bounce: Bounce | None = None
    complaint: Complaint | None = None

    def failures(self) -> Iterator[Failure]:
        """Yield what failed for good. A mailbox that is full may have room tomorrow."""
        if self.bounce is not None and self.bounce.bounce_type == "Permanent":
            bounced = [one.email_address for one in self.bounce.bounced_recipients]
            yield Failure("BOUNCE", self.bounce.timestamp, bounced)
        if self.complaint is not None:
            complained = [one.email_address for one in self.complaint.complained_recipients]
            yield Failure("COMPLAINT", self.complaint.timestamp, complained)
