"""The table Users: accounts, and the claims that keep addresses unique; and registrations that opened none."""

import hashlib
from typing import Self

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from common import auth, dynamodb, ids

_NOBODY = "USER#nobody"  # ids given out are ULIDs


class User(Model):
    """An account, from registration to deletion; after that its id is kept in `Deleted`, and nothing else.

    `sessionEpoch` goes up when all sessions end. `bodyHash` says what was registered, whatever is changed later.
    """

    class Meta(dynamodb.Meta):
        table_name = "Users"

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    email = UnicodeAttribute()
    name = UnicodeAttribute()
    phone = UnicodeAttribute(null=True)
    password_hash = UnicodeAttribute(attr_name="passwordHash")
    role = UnicodeAttribute(default=auth.CUSTOMER)
    created_at = UnicodeAttribute(attr_name="createdAt")
    email_verified_at = UnicodeAttribute(attr_name="emailVerifiedAt", null=True)
    session_epoch = NumberAttribute(attr_name="sessionEpoch", default=0)
    body_hash = UnicodeAttribute(attr_name="bodyHash", null=True)

    @classmethod
    def find(cls, user_id: str) -> Self | None:
        """The account as of now, not of a moment ago; None if there is none."""
        try:
            return cls.get(user_id, consistent_read=True)
        except cls.DoesNotExist:
            return None

    @classmethod
    def owning(cls, email: str) -> Self | None:
        """Whose address this is; an unknown address costs as many reads as a known one."""
        return cls.find(EmailClaim.owner_of(email) or _NOBODY)

    def changed(self, *actions: Action) -> bool:
        """Whether the account was still there, and so was changed; its deletion may have been faster."""
        try:
            self.update(actions=list(actions), condition=User.user_id.exists())
        except UpdateError as problem:
            if not dynamodb.is_condition_failure(problem):
                raise
            return False
        return True


def body_hash(email: str, name: str, phone: str | None) -> str:
    """The digest of a registration, but for its password, which only bcrypt may compare."""
    return hashlib.sha256("\x1f".join((email, name, phone or "")).encode()).hexdigest()


class EmailClaim(Model):
    """Says whose an address is: written together with the account, so that no two accounts share one."""

    class Meta(dynamodb.Meta):
        table_name = "Users"

    key = UnicodeAttribute(hash_key=True, attr_name="userId")
    owner_id = UnicodeAttribute(attr_name="ownerId")

    @staticmethod
    def key_of(email: str) -> str:
        """The key under which an address is claimed, however its letters are written."""
        return f"EMAIL#{email.strip().lower()}"

    @classmethod
    def owner_of(cls, email: str) -> str | None:
        """The id of the account that has this address."""
        try:
            return cls.get(cls.key_of(email), consistent_read=True).owner_id
        except cls.DoesNotExist:
            return None


class Deleted(Model):
    """An account was here: its id is not given out again, not even to a late repeat of its registration."""

    class Meta(dynamodb.Meta):
        table_name = "Users"

    key = UnicodeAttribute(hash_key=True, attr_name="userId")
    deleted_at = UnicodeAttribute(attr_name="deletedAt")

    @staticmethod
    def key_of(user_id: str) -> str:
        """The key under which the deletion of an account is kept."""
        return f"DELETED#{ids.suffix(user_id)}"


class Unopened(Model):
    """A registration for an address that was taken: answered like any other, it opened nothing.

    Kept, as digests alone, so that its repeats are answered like any other's, too: as long as its key counts, which is for ever;
    without a key nobody can repeat it, and it is forgotten like the Attempts among which it stands.
    """

    class Meta(dynamodb.Meta):
        table_name = "Attempts"

    key = UnicodeAttribute(hash_key=True)
    body_hash = UnicodeAttribute(attr_name="bodyHash")
    password_hash = UnicodeAttribute(attr_name="passwordHash")
    expires_at = NumberAttribute(attr_name="expiresAt")

    @staticmethod
    def key_of(user_id: str) -> str:
        """The key under which the registration is kept that was answered with this id."""
        return f"UNOPENED#{ids.suffix(user_id)}"

    @classmethod
    def find(cls, user_id: str) -> Self | None:
        """What was answered with this id; None if nothing, or an account."""
        try:
            return cls.get(cls.key_of(user_id), consistent_read=True)
        except cls.DoesNotExist:
            return None
