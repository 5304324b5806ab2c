"""Addresses that get no mail, because one bounced or its recipient complained.

Every mail asks here, also those of other services: they read the row by its key. Only the mails
that prove an address, which its owner asked for, are sent all the same.
"""

import hashlib
from typing import Self

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from chalicelib.mails.schemas import MailEvent
from common import clock, dynamodb, emails, log


class SuppressedAddress(Model):
    """When mail to an address last failed, and when its owner proved it."""

    class Meta(dynamodb.Meta):
        table_name = "Users"

    key = UnicodeAttribute(hash_key=True, attr_name="userId")
    suppressed_at = UnicodeAttribute(attr_name="suppressedAt", null=True)
    suppression_reason = UnicodeAttribute(attr_name="suppressionReason", null=True)
    proved_at = UnicodeAttribute(attr_name="provedAt", null=True)

    @staticmethod
    def key_for(email: str) -> str:
        """Return the key of an address: a digest, as it outlives the account."""
        return f"SUPPRESSED#{hashlib.sha256(emails.normalize(email).encode()).hexdigest()}"

    @classmethod
    def find_by_email(cls, email: str) -> Self | None:
        """Read the row of an address. None if no mail to it ever failed."""
        return dynamodb.find(cls, cls.key_for(email))

    @property
    def is_active(self) -> bool:
        """Whether the address has not been proved since."""
        return (self.suppressed_at or "") > (self.proved_at or "")


def is_suppressed(email: str) -> bool:
    """Whether an address gets no mail."""
    row = SuppressedAddress.find_by_email(email)
    return row is not None and row.is_active


def suppress_recipients(event: MailEvent) -> None:
    """End mails to the addresses that bounced for good, or whose owner complained.

    Idempotent: of events that arrive late or twice the newest counts, and one from before the
    address was proved changes nothing.
    """
    for failed in event.failures():
        at = clock.iso(failed.at.timestamp())
        for email in failed.addresses:
            _suppress(email, at, failed.reason)
        log.logger.warning(
            "mail failed", extra={"reason": failed.reason, "recipients": len(failed.addresses)}
        )


def lift_suppression(email: str) -> None:
    """Allow mails to an address that its owner has just proved. Idempotent."""
    row = SuppressedAddress.find_by_email(email)
    if row is not None and row.is_active:
        proved = SuppressedAddress.proved_at.set(clock.now())
        dynamodb.update_if(row, [proved], SuppressedAddress.key.exists())


def _suppress(email: str, at: str, reason: str) -> None:
    row = SuppressedAddress(SuppressedAddress.key_for(email))
    is_newest = SuppressedAddress.suppressed_at.does_not_exist() | (
        SuppressedAddress.suppressed_at < at
    )
    changes = [
        SuppressedAddress.suppressed_at.set(at),
        SuppressedAddress.suppression_reason.set(reason),
    ]
    dynamodb.update_if(row, changes, is_newest)
