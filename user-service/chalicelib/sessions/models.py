"""The table Sessions: one row from a login to its end, however often its tokens are renewed."""

from typing import Self

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from common import dynamodb


class Session(Model):
    """A login that goes on: its row goes at logout, when a used refresh token comes again, or when it expires.

    It counts only while its `epoch` is the account's `sessionEpoch`: raising that ends all sessions in one write. Of tokens it
    holds SHA-256 digests; they are random, so that nobody can try them out. `passwordSetAt` is there if the account's password was
    changed in this session.
    """

    class Meta(dynamodb.Meta):
        table_name = "Sessions"

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    session_id = UnicodeAttribute(range_key=True, attr_name="sessionId")
    epoch = NumberAttribute(default=0)
    family_hash = UnicodeAttribute(attr_name="familyHash")
    seed = UnicodeAttribute()
    current_hash = UnicodeAttribute(attr_name="currentHash")
    previous_hash = UnicodeAttribute(attr_name="previousHash", null=True)
    renewed_at = NumberAttribute(attr_name="renewedAt")
    password_set_at = NumberAttribute(attr_name="passwordSetAt", null=True)
    created_at = UnicodeAttribute(attr_name="createdAt")
    ends_at = NumberAttribute(attr_name="endsAt")
    expires_at = NumberAttribute(attr_name="expiresAt")

    @classmethod
    def find(cls, user_id: str, session_id: str) -> Self | None:
        """The session as of now, not of a moment ago; None if it has ended in its own right."""
        try:
            return cls.get(user_id, session_id, consistent_read=True)
        except cls.DoesNotExist:
            return None
