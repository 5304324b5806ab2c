"""The table Sessions: one row per login."""

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from common import dynamodb
from common.dynamodb import WholeNumber


class Session(Model):
    """A login.

    Deleted at logout, when a used refresh token is used again, or when it expires. It is active
    only while its `epoch` equals the account's `sessionEpoch`: raising that one ends all sessions
    in one write. Tokens are stored as SHA-256 digests; their entropy makes more unnecessary.
    `passwordSetAt` is set if the account's password was changed in this session.
    """

    class Meta(dynamodb.Meta):
        table_name = "Sessions"

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    session_id = UnicodeAttribute(range_key=True, attr_name="sessionId")
    epoch = WholeNumber(default=0)
    family_hash = UnicodeAttribute(attr_name="familyHash")
    seed = UnicodeAttribute()
    current_hash = UnicodeAttribute(attr_name="currentHash")
    previous_hash = UnicodeAttribute(attr_name="previousHash", null=True)
    renewed_at = WholeNumber(attr_name="renewedAt")
    password_set_at = WholeNumber(attr_name="passwordSetAt", null=True)
    created_at = UnicodeAttribute(attr_name="createdAt")
    ends_at = WholeNumber(attr_name="endsAt")
    expires_at = WholeNumber(attr_name="expiresAt")
