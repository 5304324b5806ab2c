"""Read model of user-service's table Users."""

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from common import dynamodb, ids


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
    return dynamodb.find(User, f"DELETED#{ids.suffix(user_id)}") is not None
