"""Registrations that opened no account. Rows of the table Attempts."""

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from common import dynamodb, ids
from common.dynamodb import WholeNumber


class DuplicateRegistration(Model):
    """A registration for an address that was taken.

    It was answered like any other, and opened nothing. Stored as digests, so that its repeats are
    answered like those of any other registration. With an Idempotency-Key the row never expires;
    without one it expires after 30 days.
    """

    class Meta(dynamodb.Meta):
        table_name = "Attempts"

    key = UnicodeAttribute(hash_key=True)
    body_hash = UnicodeAttribute(attr_name="bodyHash")
    password_hash = UnicodeAttribute(attr_name="passwordHash")
    expires_at = WholeNumber(attr_name="expiresAt")

    @staticmethod
    def key_for(user_id: str) -> str:
        """Return the key of the registration that was answered with this id."""
        return f"UNOPENED#{ids.suffix(user_id)}"
