"""Registrations that opened no account. Rows of the table AccountMails."""

from typing import Self

from pynamodb.attributes import UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.models import Model

from common import clock, dynamodb, ids
from common.dynamodb import WholeNumber


class DuplicateRegistration(Model):
    """A registration for an address that was taken.

    It was answered like any other, and opened nothing. Stored as digests with the mails of the
    owner's account, and deleted with them, so that its repeats are answered like those of any other
    registration for as long as an Idempotency-Key counts.
    """

    class Meta(dynamodb.Meta):
        table_name = "AccountMails"

    owner_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    key = UnicodeAttribute(range_key=True, attr_name="kind")
    body_hash = UnicodeAttribute(attr_name="bodyHash", null=True)
    password_hash = UnicodeAttribute(attr_name="passwordHash", null=True)
    expires_at = WholeNumber(attr_name="expiresAt")

    @staticmethod
    def key_for(user_id: str) -> str:
        """Return the key of the registration that was answered with this id."""
        return f"UNOPENED#{ids.suffix(user_id)}"

    @classmethod
    def find(cls, owner_id: str, user_id: str) -> Self | None:
        """Read the registration. None if there is none, or its key counts no more."""
        duplicate = dynamodb.find(cls, owner_id, cls.key_for(user_id))
        return duplicate if duplicate and duplicate.expires_at > clock.epoch() else None

    @classmethod
    def is_new(cls) -> Condition:
        """Return the condition that there is none, or that its key counts no more."""
        condition: Condition = cls.key.does_not_exist() | (cls.expires_at <= clock.epoch())
        return condition
