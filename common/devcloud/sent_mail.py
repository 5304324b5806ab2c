"""Read the mails of the local shop, which the emulator keeps."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from common import clock

_PATH = "/_ministack/ses/messages"
_PREVIEW_LINES = 2
_GREETING = "Hello"
_SHORT_ID = 8


class MailUnknown(LookupError):
    """No mail, or more than one, has this id."""


@dataclass(frozen=True)
class Mail:
    """A mail that was sent, by the shop or by a topic's subscription."""

    message_id: str
    sent_at: float  # seconds since 1970
    sender: str
    to: str
    subject: str
    body: str
    html: str

    @property
    def short_id(self) -> str:
        """The beginning of the id, enough to name the mail by."""
        return self.message_id[:_SHORT_ID]

    @property
    def time(self) -> str:
        """When it was sent, in UTC, to the second."""
        return datetime.fromtimestamp(self.sent_at, UTC).strftime("%Y-%m-%d %H:%M:%S")

    @property
    def preview(self) -> str:
        """The first lines with content, without the greeting."""
        lines = [line.strip() for line in self.body.splitlines() if line.strip()]
        if lines and lines[0].startswith(_GREETING):
            lines = lines[1:]
        return " ".join(lines[:_PREVIEW_LINES])

    def as_json(self) -> dict[str, str]:
        """Return the mail for a program."""
        return {
            "id": self.message_id,
            "sentAt": clock.iso(self.sent_at),
            "from": self.sender,
            "to": self.to,
            "subject": self.subject,
            "body": self.body,
            "html": self.html,
        }


def latest(aws_endpoint: str, count: int | None = None) -> list[Mail]:
    """List sent mails, newest first.

    Raises: httpx.HTTPError when the local AWS does not answer.
    """
    response = httpx.get(f"{aws_endpoint}{_PATH}", timeout=10, trust_env=False).raise_for_status()
    mailboxes = response.json()["messages"].values()
    mails = [_mail(message) for mailbox in mailboxes for message in mailbox]
    return sorted(mails, key=lambda mail: mail.sent_at, reverse=True)[:count]


def find(aws_endpoint: str, message_id: str) -> Mail:
    """Return the mail whose id begins so.

    Raises: MailUnknown when none or several do.
    """
    mails = [mail for mail in latest(aws_endpoint) if mail.message_id.startswith(message_id)]
    if len(mails) != 1:
        count = "No mail has" if not mails else f"{len(mails)} mails have"
        raise MailUnknown(f"{count} an id that begins with {message_id}; `make mail` lists them.")
    return mails[0]


def _mail(message: dict[str, Any]) -> Mail:
    return Mail(
        message_id=message["MessageId"],
        sent_at=float(message["Timestamp"]),
        sender=message["Source"],
        to=", ".join(message["To"]),
        subject=message.get("Subject") or "",
        body=message.get("BodyText") or "",
        html=message.get("BodyHtml") or "",
    )
