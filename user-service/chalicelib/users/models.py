"""The table Users: accounts, claims on addresses, and tombstones."""

from typing import Self

from pynamodb.attributes import UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from common import clock, dynamodb, emails, ids
from common.dynamodb import WholeNumber
from common.roles import Role

_NO_USER_ID = "USER#nobody"  # real ids are ULIDs


class User(Model):
    """An account, from registration to deletion.

    Its id then stays in `DeletedUser`. `expiresAt` is when it ends if its address is not proved; a
    proof removes it. DynamoDB deletes the row some time later. `sessionEpoch` is raised to end all
    sessions. `bodyHash` is the digest of the registration, and never changes.
    """

    class Meta(dynamodb.Meta):
        table_name = "Users"

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    email = UnicodeAttribute()
    name = UnicodeAttribute()
    phone = UnicodeAttribute(null=True)
    password_hash = UnicodeAttribute(attr_name="passwordHash")
    role = UnicodeAttribute(default=Role.CUSTOMER)
    created_at = UnicodeAttribute(attr_name="createdAt")
    email_verified_at = UnicodeAttribute(attr_name="emailVerifiedAt", null=True)
    session_epoch = WholeNumber(attr_name="sessionEpoch", default=0)
    body_hash = UnicodeAttribute(attr_name="bodyHash", null=True)
    expires_at = WholeNumber(attr_name="expiresAt", null=True)

    @classmethod
    def find(cls, user_id: str) -> Self | None:
        """Read the account. None if there is none, or it has ended unproved."""
        user = dynamodb.find(cls, user_id)
        return None if user is None or _has_ended(user.expires_at) else user

    @classmethod
    def find_by_email(cls, email: str) -> Self | None:
        """Read the account with this address. An unknown one costs as many reads."""
        return cls.find(EmailClaim.find_owner_id(email) or _NO_USER_ID)

    @classmethod
    def is_free(cls) -> Condition:
        """Return the condition that no account has this id, or an ended one."""
        condition: Condition = cls.user_id.does_not_exist() | (cls.expires_at <= clock.epoch())
        return condition

    def update_existing(self, *actions: Action) -> bool:
        """Update the account. False if it has been deleted."""
        return dynamodb.update_if(self, actions, User.user_id.exists())


class EmailClaim(Model):
    """The owner of an address.

    Written together with the account, so that no two share one. It ends with an unproved account.
    """

    class Meta(dynamodb.Meta):
        table_name = "Users"

    key = UnicodeAttribute(hash_key=True, attr_name="userId")
    owner_id = UnicodeAttribute(attr_name="ownerId")
    expires_at = WholeNumber(attr_name="expiresAt", null=True)

    @staticmethod
    def key_for(email: str) -> str:
        """Return the key of the claim on an address. Case and outer blanks do not matter."""
        return f"EMAIL#{emails.normalize(email)}"

    @classmethod
    def find_owner_id(cls, email: str) -> str | None:
        """Read the id of the account with this address. None if there is none."""
        claim = dynamodb.find(cls, cls.key_for(email))
        return None if claim is None or _has_ended(claim.expires_at) else claim.owner_id

    @classmethod
    def is_free(cls) -> Condition:
        """Return the condition that nobody has the address, or an account that has ended."""
        condition: Condition = cls.key.does_not_exist() | (cls.expires_at <= clock.epoch())
        return condition

    @classmethod
    def is_taken(cls) -> Condition:
        """Return the opposite of `is_free`."""
        is_lasting = cls.expires_at.does_not_exist() | (cls.expires_at > clock.epoch())
        condition: Condition = cls.key.exists() & is_lasting
        return condition


class DeletedUser(Model):
    """The tombstone of an account, whose id a repeated registration cannot reuse."""

    class Meta(dynamodb.Meta):
        table_name = "Users"

    key = UnicodeAttribute(hash_key=True, attr_name="userId")
    deleted_at = UnicodeAttribute(attr_name="deletedAt")

    @staticmethod
    def key_for(user_id: str) -> str:
        """Return the key of the tombstone of an account."""
        return f"DELETED#{ids.suffix(user_id)}"


def _has_ended(expires_at: int | None) -> bool:
    """Whether an account that was not proved has ended."""
    return expires_at is not None and expires_at <= clock.epoch()
