"""Read model of user-service's table Users."""

import hashlib

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from common import dynamodb, emails, ids
from common.batch_reads import Key


class User(Model):
    """Where a customer can be reached."""

    class Meta(dynamodb.Meta):
        table_name = "Users"

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    email = UnicodeAttribute(null=True)
    name = UnicodeAttribute(null=True)
    email_verified_at = UnicodeAttribute(attr_name="emailVerifiedAt", null=True)
    phone = UnicodeAttribute(null=True)


def find_user(user_id: str) -> User | None:
    """Read the customer, None if there is no such account (any more)."""
    return dynamodb.find(User, user_id)


def was_deleted(user_id: str) -> bool:
    """Tell whether there was such an account: user-service keeps a tombstone."""
    return dynamodb.find(User, tombstone_key(user_id).hash_key) is not None


def tombstone_key(user_id: str) -> Key[User]:
    """Return the key of what a deleted account leaves."""
    return Key(User, f"DELETED#{ids.suffix(user_id)}")


class SuppressedAddress(Model):
    """When mail to an address last failed, and when its owner proved it."""

    class Meta(dynamodb.Meta):
        table_name = "Users"

    key = UnicodeAttribute(hash_key=True, attr_name="userId")
    suppressed_at = UnicodeAttribute(attr_name="suppressedAt", null=True)
    proved_at = UnicodeAttribute(attr_name="provedAt", null=True)

    @staticmethod
    def key_for(email: str) -> str:
        """Return the key of an address, as user-service has it."""
        return f"SUPPRESSED#{hashlib.sha256(emails.normalize(email).encode()).hexdigest()}"


def is_suppressed(email: str) -> bool:
    """Whether an address gets no mail: one bounced, or its owner complained."""
    row = dynamodb.find(SuppressedAddress, SuppressedAddress.key_for(email))
    return row is not None and (row.suppressed_at or "") > (row.proved_at or "")
