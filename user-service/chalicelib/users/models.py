"""The table Users: accounts, and the claims that keep addresses unique."""

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from common import auth, tables


class User(Model):
    """An account: written once, at registration; later only its role changes."""

    class Meta(tables.Meta):
        table_name = "Users"

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    email = UnicodeAttribute()
    name = UnicodeAttribute()
    phone = UnicodeAttribute(null=True)
    password_hash = UnicodeAttribute(attr_name="passwordHash")
    role = UnicodeAttribute(default=auth.CUSTOMER)
    created_at = UnicodeAttribute(attr_name="createdAt")


class EmailClaim(Model):
    """Says whose an address is: written together with the account, so that no two accounts share one."""

    class Meta(tables.Meta):
        table_name = "Users"

    key = UnicodeAttribute(hash_key=True, attr_name="userId")
    owner_id = UnicodeAttribute(attr_name="ownerId")

    @staticmethod
    def key_of(email: str) -> str:
        """The key under which an address is claimed, however its letters are written."""
        return f"EMAIL#{email.lower()}"
